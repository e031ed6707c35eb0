// RUN: %tlc-opt %s --tile-rows | FileCheck %s
// Four kernels over the same rows become one loop over tiles; only what is used outside is stored in full. A kernel with long rows stays by itself.
#row = affine_map<(i, j) -> (i, j)>
#first = affine_map<(i, j) -> (i)>
#one = affine_map<(i) -> (i)>
// CHECK-LABEL: @tiles
// CHECK: scf.for {{.*}} iter_args(%{{[^,]*}} = %{{[^,]*}}) -> (tensor<?xf64>) {
// CHECK: %[[BEGIN:.*]] = arith.muli
// CHECK: %[[SIZE:.*]] = arith.minui
// CHECK: tensor.extract_slice %{{.*}}[%[[BEGIN]], 0] [%[[SIZE]], 3] [1, 1] : tensor<?x3xf64> to tensor<?x3xf64>
// In a tile the rows are the last axis.
// CHECK: tensor.empty(%[[SIZE]]) : tensor<3x?xf64>
func.func @tiles(%x: tensor<?x3xf64>, %n: index) -> tensor<?xf64> {
  %narrow = tensor.empty(%n) : tensor<?x3xf64>
  %line = tensor.empty(%n) : tensor<?xf64>
  %zero = arith.constant 0.0 : f64
  %zeros = linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%line : tensor<?xf64>) {
  ^bb0(%o: f64):
    linalg.yield %zero : f64
  } -> tensor<?xf64>
  %y = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x3xf64>) outs(%narrow : tensor<?x3xf64>) {
  ^bb0(%a: f64, %o: f64):
    %i = linalg.index 0 : index
    %k = arith.index_cast %i : index to i64
    %f = arith.sitofp %k : i64 to f64
    // CHECK: linalg.generic
    // CHECK: %[[I:.*]] = linalg.index 1
    // CHECK: arith.addi %[[I]], %[[BEGIN]]
    %b = arith.mulf %a, %f : f64
    linalg.yield %b : f64
  } -> tensor<?x3xf64>
  %part = tensor.extract_slice %y[0, 1] [%n, 1] [1, 1] : tensor<?x3xf64> to tensor<?xf64>
  %s = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%part : tensor<?xf64>) outs(%line : tensor<?xf64>) {
  ^bb0(%a: f64, %o: f64):
    %b = math.sqrt %a : f64
    linalg.yield %b : f64
  } -> tensor<?xf64>
  %z = linalg.generic {indexing_maps = [#row, #first, #row], iterator_types = ["parallel", "parallel"]} ins(%y, %s : tensor<?x3xf64>, tensor<?xf64>) outs(%narrow : tensor<?x3xf64>) {
  ^bb0(%a: f64, %c: f64, %o: f64):
    %b = arith.divf %a, %c : f64
    linalg.yield %b : f64
  } -> tensor<?x3xf64>
  %r = linalg.generic {indexing_maps = [#row, #first], iterator_types = ["parallel", "reduction"]} ins(%z : tensor<?x3xf64>) outs(%zeros : tensor<?xf64>) {
  ^bb0(%a: f64, %o: f64):
    %b = arith.addf %a, %o : f64
    linalg.yield %b : f64
  } -> tensor<?xf64>
  // CHECK-COUNT-2: linalg.generic
  // A short sum is written out.
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]
  // CHECK-COUNT-3: arith.addf
  // CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[%[[BEGIN]]] [%[[SIZE]]] [1] : tensor<?xf64> into tensor<?xf64>
  // CHECK: } {tl.independent}
  return %r : tensor<?xf64>
}
// CHECK-LABEL: @long
// CHECK-NOT: scf.for
func.func @long(%x: tensor<?x?xf64>, %n: index, %m: index) -> tensor<?x?xf64> {
  %0 = tensor.empty(%n, %m) : tensor<?x?xf64>
  %1 = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x?xf64>) outs(%0 : tensor<?x?xf64>) {
  ^bb0(%a: f64, %o: f64):
    %b = arith.mulf %a, %a : f64
    linalg.yield %b : f64
  } -> tensor<?x?xf64>
  return %1 : tensor<?x?xf64>
}
