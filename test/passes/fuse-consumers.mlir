// RUN: %tlc-opt %s --lower-to-linalg --fuse | FileCheck %s
// A chain is one kernel with its sum; what two kernels need is stored, unless it is computed sooner than that; what is only repeated is
// stored nowhere.

// CHECK-LABEL: @chain
// CHECK: iterator_types = ["reduction"]
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.exp
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NOT: linalg.generic
func.func @chain(%x0: tensor<?xf32>, %n: index) -> f32 {
  %x = tl.sized %x0 [%n] : tensor<?xf32>
  %e = tl.exp %x : tensor<?xf32>
  %s = tl.mul %e, %x : tensor<?xf32>, tensor<?xf32>
  %y = tl.reduce_sum %s [0] : tensor<?xf32>
  return %y : f32
}
// CHECK-LABEL: @stored
// CHECK: math.exp
// CHECK-NOT: math.exp
// CHECK: return
func.func @stored(%x0: tensor<?xf32>, %n: index) -> (tensor<?xf32>, f32) {
  %x = tl.sized %x0 [%n] : tensor<?xf32>
  %e = tl.exp %x : tensor<?xf32>
  %s = tl.reduce_sum %e [0] : tensor<?xf32>
  %y = tl.div %e, %s : tensor<?xf32>, f32
  return %y, %s : tensor<?xf32>, f32
}
// CHECK-LABEL: @computed_twice
// CHECK-COUNT-2: arith.negf
// CHECK: return
func.func @computed_twice(%x0: tensor<?xf32>, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %x = tl.sized %x0 [%n] : tensor<?xf32>
  %d = tl.neg %x : tensor<?xf32>
  %y = tl.exp %d : tensor<?xf32>
  %z = tl.sqrt %d : tensor<?xf32>
  return %y, %z : tensor<?xf32>, tensor<?xf32>
}
// CHECK-LABEL: @repeated
// CHECK-NOT: tensor.empty({{.*}}, {{.*}})
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins({{.*}} : tensor<?xf32>, tensor<?xf32>)
// CHECK: arith.subf
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins({{.*}} : tensor<?xf32>, tensor<?xf32>)
// CHECK: arith.subf
func.func @repeated(%a0: tensor<?xf32>, %b0: tensor<?xf32>, %n: index, %m: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %a = tl.sized %a0 [%n] : tensor<?xf32>
  %b = tl.sized %b0 [%m] : tensor<?xf32>
  %x = tl.broadcast %a to [%n, %m] [0] : tensor<?xf32>
  %z = tl.broadcast %b to [%n, %m] [1] : tensor<?xf32>
  %d = tl.sub %x, %z : tensor<?x?xf32>, tensor<?x?xf32>
  %rows = tl.reduce_max %d [1] : tensor<?x?xf32>
  %columns = tl.reduce_max %d [0] : tensor<?x?xf32>
  return %rows, %columns : tensor<?xf32>, tensor<?xf32>
}
