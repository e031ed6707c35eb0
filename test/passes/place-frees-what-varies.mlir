// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// An array that grows: each turn makes the next one and frees the last, so that memory does not grow with the turns.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @grow
// CHECK: scf.for {{.*}} iter_args(%[[OLD:.*]] =
// CHECK: %[[NEW:.*]] = memref.alloc(
// CHECK: memref.dealloc %[[OLD]]
// CHECK: scf.yield %[[NEW]]
func.func @grow(%steps: index, %v: f32) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = tensor.empty(%c0) : tensor<?xf32>
  %y = scf.for %i = %c0 to %steps step %c1 iter_args(%x = %none) -> tensor<?xf32> {
    %n = tensor.dim %x, %c0 : tensor<?xf32>
    %m = arith.addi %n, %c1 : index
    %e = tensor.empty(%m) : tensor<?xf32>
    %a = tensor.insert_slice %x into %e[0] [%n] [1] : tensor<?xf32> into tensor<?xf32>
    %b = tensor.insert %v into %a[%n] : tensor<?xf32>
    scf.yield %b : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
