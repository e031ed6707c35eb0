// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// Parts that are computed one after another and then put together are computed in the whole: one buffer, and nothing is copied. Nothing
// is written before the check behind which it stands.
#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: @pair
// CHECK: memref.alloc(%{{.*}}) : memref<?xf32>
// CHECK-NOT: memref.alloc
// CHECK: math.exp
// CHECK: math.sqrt
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @pair(%n: index, %m: index, %x: tensor<?xf32>) -> tensor<?xf32> {
  %part = tensor.empty(%n) : tensor<?xf32>
  %whole = tensor.empty(%m) : tensor<?xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%part : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%part : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.sqrt %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %first = tensor.insert_slice %a into %whole[0] [%n] [1] : tensor<?xf32> into tensor<?xf32>
  %both = tensor.insert_slice %b into %first[%n] [%n] [1] : tensor<?xf32> into tensor<?xf32>
  return %both : tensor<?xf32>
}

// CHECK-LABEL: @checked
// CHECK: math.exp
// CHECK: cf.assert
// CHECK: linalg.generic
func.func @checked(%n: index, %m: index, %x: tensor<?xf32>) -> tensor<?xf32> {
  %part = tensor.empty(%n) : tensor<?xf32>
  %whole = tensor.empty(%m) : tensor<?xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%part : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %ok = arith.cmpi ule, %n, %m : index
  cf.assert %ok, "outside"
  %y = tensor.insert_slice %a into %whole[0] [%n] [1] : tensor<?xf32> into tensor<?xf32>
  return %y : tensor<?xf32>
}
