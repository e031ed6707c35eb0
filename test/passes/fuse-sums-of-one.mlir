// RUN: %tlc-opt %s --lower-to-linalg --canonicalize --fuse | FileCheck %s
// A sum along an axis of one element is no loop: it adds that to zero, in the kernel that wants it.

// CHECK-LABEL: @one
// CHECK-SAME: %[[X:.*]]: tensor<?x1xf32>
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[X]]{{.*}} to tensor<?xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]} ins(%[[SLICE]] :
// CHECK-NEXT: ^bb0(%[[ELEMENT:.*]]: f32,
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %{{.*}}, %[[ELEMENT]]
// CHECK-NEXT: math.exp %[[SUM]]
// CHECK-NOT: linalg.generic
func.func @one(%x: tensor<?x1xf32>, %n: index) -> tensor<?xf32> {
  %c1 = arith.constant 1 : index
  %x0 = tensor.cast %x : tensor<?x1xf32> to tensor<?x?xf32>
  %x1 = tl.sized %x0 [%n, %c1] : tensor<?x?xf32>
  %s = tl.reduce_sum %x1 [1] : tensor<?x?xf32>
  %y = tl.exp %s : tensor<?xf32>
  return %y : tensor<?xf32>
}
