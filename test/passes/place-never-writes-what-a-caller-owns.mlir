// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// An argument of an exported function is the caller's: `x + 1` gets a buffer of its own, and `x` itself is copied before it is given back.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @tl_export_0
// CHECK: %[[X:.*]] = tl.argument "x" "f32"
// CHECK: %[[MEMORY:.*]] = builtin.unrealized_conversion_cast %[[X]]
// CHECK: %[[Y:.*]] = memref.alloc(
// CHECK: linalg.generic {{.*}} ins(%[[MEMORY]] : {{.*}}) outs(%[[Y]] :
// CHECK: %[[A:.*]] = builtin.unrealized_conversion_cast %[[Y]]
// CHECK: %[[COPY:.*]] = memref.alloc(
// CHECK: memref.copy %[[MEMORY]], %[[COPY]]
// CHECK: %[[B:.*]] = builtin.unrealized_conversion_cast %[[COPY]]
// CHECK: tl.give(%[[A]], %[[B]]
// CHECK-NOT: memref.dealloc %[[MEMORY]]
// CHECK: return
func.func @tl_export_0() {
  %one = arith.constant 1.0 : f32
  %n64 = tl.argument "n" "i64" [] {slot = 1 : i64, offset = -1 : i64} : i64
  %n = arith.index_cast %n64 : i64 to index
  %x = tl.argument "x" "f32" [%n] {slot = 0 : i64, offset = -1 : i64} : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %a, %one : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  tl.give(%y, %x : tensor<?xf32>, tensor<?xf32>) {names = ["y", "x"], kinds = ["f32", "f32"], slots = array<i64: 2, 3>,
                                                    offsets = array<i64: -1, -1>, fresh = array<i1: false, false>}
  return
}
