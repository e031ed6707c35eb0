// RUN: %tlc-opt %s --fuse | FileCheck %s
// What is only given another axis of one element is computed there; where it is repeated, as an axis of two, it is stored.
#id = affine_map<(d0) -> (d0)>
#last = affine_map<(d0, d1) -> (d1)>
#both = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: @one
// CHECK-COUNT-1: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK-LABEL: @two
// CHECK-COUNT-2: linalg.generic
func.func @one(%x: tensor<?xf32>, %n: index) -> tensor<1x?xf32> {
  %line = tensor.empty(%n) : tensor<?xf32>
  %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%line : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %row = tensor.empty(%n) : tensor<1x?xf32>
  %y = linalg.generic {indexing_maps = [#last, #both], iterator_types = ["parallel", "parallel"]} ins(%e : tensor<?xf32>) outs(%row : tensor<1x?xf32>) {
  ^bb0(%u: f32, %o: f32):
    linalg.yield %u : f32
  } -> tensor<1x?xf32>
  return %y : tensor<1x?xf32>
}
func.func @two(%x: tensor<?xf32>, %n: index) -> tensor<2x?xf32> {
  %line = tensor.empty(%n) : tensor<?xf32>
  %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%line : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %rows = tensor.empty(%n) : tensor<2x?xf32>
  %y = linalg.generic {indexing_maps = [#last, #both], iterator_types = ["parallel", "parallel"]} ins(%e : tensor<?xf32>) outs(%rows : tensor<2x?xf32>) {
  ^bb0(%u: f32, %o: f32):
    linalg.yield %u : f32
  } -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}
