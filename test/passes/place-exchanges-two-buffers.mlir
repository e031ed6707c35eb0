// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// A new value that reads the old one elsewhere needs a second buffer; the two change places, and swapped arrays only change names.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @reverse
// CHECK: memref.copy
// CHECK: scf.for {{.*}} iter_args(%[[CUR:.*]] = {{.*}}, %[[NEXT:.*]] = {{.*}})
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: outs(%[[NEXT]] :
// CHECK: scf.yield %[[NEXT]], %[[CUR]]
func.func @reverse(%x: tensor<?xf32>, %n: index, %steps: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = scf.for %i = %c0 to %steps step %c1 iter_args(%xi = %x) -> tensor<?xf32> {
    %xs = tl.sized %xi [%n] : tensor<?xf32>
    %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
    ^bb0(%o: f32):
      %k = linalg.index 0 : index
      %j = arith.subi %n, %k : index
      %v = tensor.extract %xs[%j] : tensor<?xf32>
      linalg.yield %v : f32
    } -> tensor<?xf32>
    scf.yield %r : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
// CHECK-LABEL: @swap
// CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = {{.*}}, %[[B:.*]] = {{.*}})
// CHECK-NEXT: scf.yield %[[B]], %[[A]]
func.func @swap(%x: tensor<?xf32>, %z: tensor<?xf32>, %n: index, %steps: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %xs = tl.sized %x [%n] : tensor<?xf32>
  %zs = tl.sized %z [%n] : tensor<?xf32>
  %y:2 = scf.for %i = %c0 to %steps step %c1 iter_args(%a = %xs, %b = %zs) -> (tensor<?xf32>, tensor<?xf32>) {
    scf.yield %b, %a : tensor<?xf32>, tensor<?xf32>
  }
  return %y#0, %y#1 : tensor<?xf32>, tensor<?xf32>
}
