// RUN: %tlc-opt %s --forward-parts --cse --canonicalize | FileCheck %s
// A choice between an array and the same one with another part chooses that part alone, by the condition of each row: what the two have in
// common is neither copied nor read.
#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: @choose
// CHECK-SAME: %[[C:.*]]: tensor<?xi1>, %[[X:.*]]: tensor<?x5xf64>, %[[PART:.*]]: tensor<?x2xf64>
// CHECK: %[[OLD:.*]] = tensor.extract_slice %[[X]][0, 1]
// CHECK: %[[CHOSEN:.*]] = linalg.generic {{.*}} ins(%[[C]], %[[PART]], %[[OLD]] :
// CHECK-NEXT: ^bb0(%[[IF:.*]]: i1, %[[THEN:.*]]: f64, %[[ELSE:.*]]: f64,
// CHECK-NEXT: arith.select %[[IF]], %[[THEN]], %[[ELSE]]
// CHECK: %[[Y:.*]] = tensor.insert_slice %[[CHOSEN]] into %[[X]][0, 1]
// CHECK-NEXT: return %[[Y]]
func.func @choose(%c: tensor<?xi1>, %x: tensor<?x5xf64>, %part: tensor<?x2xf64>, %n: index) -> tensor<?x5xf64> {
  %empty = tensor.empty(%n) : tensor<?x5xf64>
  %with = tensor.insert_slice %part into %x[0, 1] [%n, 2] [1, 1] : tensor<?x2xf64> into tensor<?x5xf64>
  %y = linalg.generic {indexing_maps = [#row, #all, #all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%c, %with, %x : tensor<?xi1>, tensor<?x5xf64>, tensor<?x5xf64>) outs(%empty : tensor<?x5xf64>) {
  ^bb0(%if: i1, %then: f64, %else: f64, %o: f64):
    %z = arith.select %if, %then, %else : f64
    linalg.yield %z : f64
  } -> tensor<?x5xf64>
  return %y : tensor<?x5xf64>
}
