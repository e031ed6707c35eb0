// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// A part that is read after another one has been replaced is read from the array that has been changed: nothing is copied.
#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: @read
// CHECK-COUNT-2: memref.alloc(
// CHECK-NOT: memref.alloc(
// CHECK-NOT: memref.copy
// CHECK: return
func.func @read(%n: index, %x: tensor<?xf64>) -> (tensor<2x?xf64>, tensor<?xf64>) {
  %whole = tensor.empty(%n) : tensor<2x?xf64>
  %line = tensor.empty(%n) : tensor<?xf64>
  %a = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?xf64>) outs(%whole : tensor<2x?xf64>) {
  ^bb0(%u: f64, %o: f64):
    %z = math.exp %u : f64
    linalg.yield %z : f64
  } -> tensor<2x?xf64>
  %second = tensor.extract_slice %a[1, 0] [1, %n] [1, 1] : tensor<2x?xf64> to tensor<?xf64>
  %b = tensor.insert_slice %x into %a[0, 0] [1, %n] [1, 1] : tensor<?xf64> into tensor<2x?xf64>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%second : tensor<?xf64>) outs(%line : tensor<?xf64>) {
  ^bb0(%u: f64, %o: f64):
    %z = math.sqrt %u : f64
    linalg.yield %z : f64
  } -> tensor<?xf64>
  return %b, %y : tensor<2x?xf64>, tensor<?xf64>
}
