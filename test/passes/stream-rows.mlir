// RUN: %tlc-opt %s --stream-rows | FileCheck %s
// An array over pairs, made of two columns and summed both ways, is made and used up a tile of rows at a time. What is returned is stored.
#pair = affine_map<(i, j) -> (i, j)>
#left = affine_map<(i, j) -> (i)>
#right = affine_map<(i, j) -> (j)>
// CHECK-LABEL: @sums
// CHECK: scf.for %[[BEGIN:.*]] = {{.*}} iter_args({{.*}}) -> (tensor<?xf64>, tensor<?xf64>) {
// CHECK: %[[SIZE:.*]] = arith.minui
// CHECK: tensor.extract_slice %arg0[%[[BEGIN]]] [%[[SIZE]]] [1]
// CHECK: tensor.empty(%[[SIZE]], %arg3)
// CHECK-COUNT-3: linalg.generic
// CHECK: tensor.insert_slice {{.*}}[%[[BEGIN]]] [%[[SIZE]]] [1]
func.func @sums(%x: tensor<?xf64>, %y: tensor<?xf64>, %n: index, %m: index, %u: tensor<?xf64>) -> (tensor<?xf64>, tensor<?xf64>) {
  %all = tensor.empty(%n, %m) : tensor<?x?xf64>
  %rows = tensor.empty(%n) : tensor<?xf64>
  %s = linalg.generic {indexing_maps = [#left, #right, #pair], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<?xf64>, tensor<?xf64>) outs(%all : tensor<?x?xf64>) {
  ^bb0(%a: f64, %b: f64, %o: f64):
    %c = arith.mulf %a, %b : f64
    linalg.yield %c : f64
  } -> tensor<?x?xf64>
  %r = linalg.generic {indexing_maps = [#pair, #left], iterator_types = ["parallel", "reduction"]} ins(%s : tensor<?x?xf64>) outs(%rows : tensor<?xf64>) {
  ^bb0(%a: f64, %o: f64):
    %b = arith.addf %o, %a : f64
    linalg.yield %b : f64
  } -> tensor<?xf64>
  %t = linalg.generic {indexing_maps = [#pair, #right], iterator_types = ["reduction", "parallel"]} ins(%s : tensor<?x?xf64>) outs(%u : tensor<?xf64>) {
  ^bb0(%a: f64, %o: f64):
    %b = arith.addf %o, %a : f64
    linalg.yield %b : f64
  } -> tensor<?xf64>
  return %r, %t : tensor<?xf64>, tensor<?xf64>
}
// One that is returned is stored anyway.
// CHECK-LABEL: @stored
// CHECK-NOT: scf.for
func.func @stored(%x: tensor<?xf64>, %y: tensor<?xf64>, %n: index, %m: index) -> tensor<?x?xf64> {
  %all = tensor.empty(%n, %m) : tensor<?x?xf64>
  %s = linalg.generic {indexing_maps = [#left, #right, #pair], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<?xf64>, tensor<?xf64>) outs(%all : tensor<?x?xf64>) {
  ^bb0(%a: f64, %b: f64, %o: f64):
    %c = arith.mulf %a, %b : f64
    linalg.yield %c : f64
  } -> tensor<?x?xf64>
  return %s : tensor<?x?xf64>
}
