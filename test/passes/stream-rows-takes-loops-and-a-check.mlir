// RUN: %tlc-opt %s --stream-rows | FileCheck %s
// Places over pairs, checked, and what is added at them: the check and the loop that adds see one tile of rows after the other. A second
// check ends the stream, for the first that fails is to be told; so does a loop that reads other rows than its own.
#pair = affine_map<(i, j) -> (i, j)>
#left = affine_map<(i, j) -> (i)>
#right = affine_map<(i, j) -> (j)>

// CHECK-LABEL: @scatter
// CHECK: scf.for %[[BEGIN:.*]] = {{.*}} iter_args(%[[SUM:.*]] = %arg2) -> (tensor<?xi64>) {
// CHECK: %[[SIZE:.*]] = arith.minui
// CHECK: %[[PLACES:.*]]:2 = linalg.generic
// CHECK: tl.check %[[PLACES]]#1 ["outside"]() {code = "E0801", kinds = []}
// CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %[[SIZE]] {{.*}} iter_args(%{{.*}} = %[[SUM]])
// CHECK: arith.addi %[[ROW]], %[[BEGIN]]
// CHECK: tensor.extract %[[PLACES]]#0[%[[ROW]], %{{.*}}]
func.func @scatter(%x: tensor<?xi64>, %y: tensor<?xi64>, %z: tensor<?xi64>, %n: index, %m: index) -> tensor<?xi64> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %e = tensor.empty(%n, %m) : tensor<?x?xi64>
  %t = tensor.empty(%n, %m) : tensor<?x?xi1>
  %p:2 = linalg.generic {indexing_maps = [#left, #right, #pair, #pair], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<?xi64>, tensor<?xi64>) outs(%e, %t : tensor<?x?xi64>, tensor<?x?xi1>) {
  ^bb0(%a: i64, %b: i64, %o: i64, %q: i1):
    %c = arith.muli %a, %b : i64
    %d = arith.cmpi slt, %a, %b : i64
    linalg.yield %c, %d : i64, i1
  } -> (tensor<?x?xi64>, tensor<?x?xi1>)
  tl.check %p#1 ["outside"]() {code = "E0801", kinds = []} : tensor<?x?xi1>
  %r = scf.for %i = %zero to %n step %one iter_args(%s = %z) -> (tensor<?xi64>) {
    %k = tensor.extract %p#0[%i, %zero] : tensor<?x?xi64>
    %at = arith.index_cast %k : i64 to index
    %w = arith.index_cast %i : index to i64
    %u = tensor.insert %w into %s[%at] : tensor<?xi64>
    scf.yield %u : tensor<?xi64>
  }
  return %r : tensor<?xi64>
}

// CHECK-LABEL: @before
// CHECK: %[[ALL:.*]] = linalg.generic
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %arg3 step
// CHECK-NEXT: tensor.extract %[[ALL]][%{{.*}}, %[[I]]]
func.func @before(%x: tensor<?xi64>, %y: tensor<?xi64>, %z: tensor<?xi64>, %n: index, %m: index) -> tensor<?xi64> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %e = tensor.empty(%n, %m) : tensor<?x?xi64>
  %p = linalg.generic {indexing_maps = [#left, #right, #pair], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<?xi64>, tensor<?xi64>) outs(%e : tensor<?x?xi64>) {
  ^bb0(%a: i64, %b: i64, %o: i64):
    %c = arith.muli %a, %b : i64
    linalg.yield %c : i64
  } -> tensor<?x?xi64>
  %r = scf.for %i = %zero to %n step %one iter_args(%s = %z) -> (tensor<?xi64>) {
    %w = tensor.extract %p[%zero, %i] : tensor<?x?xi64>
    %u = tensor.insert %w into %s[%i] : tensor<?xi64>
    scf.yield %u : tensor<?xi64>
  }
  return %r : tensor<?xi64>
}
