// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// A product of factors that are all 0 reads no earlier product, and still is 1 where there are no factors.
#id = affine_map<(d0) -> (d0)>
#all = affine_map<(d0) -> ()>
#none = affine_map<() -> ()>

// CHECK-LABEL: @product
// CHECK: %[[one:.*]] = arith.constant 1 : i64
// CHECK: %[[buffer:.*]] = memref.alloc() : memref<i64>
// CHECK: linalg.generic {{.*}} outs(%[[buffer]]
// CHECK: linalg.yield %[[one]]
// CHECK: linalg.generic {{.*}} outs(%[[buffer]]
// CHECK: linalg.yield %c0
func.func @product(%x: tensor<?xi64>) -> tensor<i64> {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %empty = tensor.empty() : tensor<i64>
  %start = linalg.generic {indexing_maps = [#none], iterator_types = []} outs(%empty : tensor<i64>) {
  ^bb0(%o: i64):
    linalg.yield %one : i64
  } -> tensor<i64>
  %y = linalg.generic {indexing_maps = [#id, #all], iterator_types = ["reduction"]} ins(%x : tensor<?xi64>) outs(%start : tensor<i64>) {
  ^bb0(%u: i64, %o: i64):
    linalg.yield %zero : i64
  } -> tensor<i64>
  return %y : tensor<i64>
}
