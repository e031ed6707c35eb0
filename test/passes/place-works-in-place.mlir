// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// `w = w - lr * exp(w)` in a loop: a buffer for w and one for exp(w), both made outside, nothing copied.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @train
// CHECK-COUNT-2: memref.alloc(
// CHECK: scf.for %{{.*}} {
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: memref.dealloc
// CHECK: return
func.func @train(%n: index, %steps: index, %lr: f32) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty(%n) : tensor<?xf32>
  %w0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
  ^bb0(%o: f32):
    linalg.yield %lr : f32
  } -> tensor<?xf32>
  %w = scf.for %i = %c0 to %steps step %c1 iter_args(%wi = %w0) -> tensor<?xf32> {
    %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%wi : tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%x: f32, %o: f32):
      %y = math.exp %x : f32
      linalg.yield %y : f32
    } -> tensor<?xf32>
    %next = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%wi, %g : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) {
    ^bb0(%x: f32, %d: f32, %o: f32):
      %y = arith.subf %x, %d : f32
      linalg.yield %y : f32
    } -> tensor<?xf32>
    scf.yield %next : tensor<?xf32>
  }
  return %w : tensor<?xf32>
}
