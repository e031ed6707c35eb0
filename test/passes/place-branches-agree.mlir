// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// Where one branch updates an array and the other leaves it, both work in its buffer. Where both make a new one, it is the same.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @maybe
// CHECK: scf.for
// CHECK: scf.if
// CHECK-NEXT: memref.store
// CHECK-NEXT: }
// CHECK-NEXT: }
func.func @maybe(%x: tensor<?xf32>, %c: i1, %v: f32, %n: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?xf32> {
    %s = tl.sized %a [%n] : tensor<?xf32>
    %b = scf.if %c -> tensor<?xf32> {
      %t = tensor.insert %v into %s[%i] : tensor<?xf32>
      scf.yield %t : tensor<?xf32>
    } else {
      scf.yield %s : tensor<?xf32>
    }
    scf.yield %b : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
// CHECK-LABEL: @either
// CHECK: %[[NEW:.*]] = memref.alloc(
// CHECK: scf.if
// CHECK-NOT: memref.alloc
// CHECK-NOT: scf.yield
// CHECK: return %[[NEW]]
func.func @either(%c: i1, %v: f32, %w: f32, %n: index) -> tensor<?xf32> {
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = scf.if %c -> tensor<?xf32> {
    %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
    ^bb0(%o: f32):
      linalg.yield %v : f32
    } -> tensor<?xf32>
    scf.yield %a : tensor<?xf32>
  } else {
    %b = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : tensor<?xf32>) {
    ^bb0(%o: f32):
      linalg.yield %w : f32
    } -> tensor<?xf32>
    scf.yield %b : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
