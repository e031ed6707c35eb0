// RUN: %tlc-opt %s -lift-maps | FileCheck %s

// CHECK-LABEL: @loud
// CHECK: %[[E:.*]] = tl.empty
// CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[E]])
// CHECK: tl.print
// CHECK: tl.update
// CHECK: tl.sized %[[R]]
func.func @loud(%n: index) -> tensor<?xi64> {
  %y = tl.map (%i) = [%n] -> tensor<?xi64> {
    %k = arith.index_cast %i : index to i64
    %s = tl.string "here"
    tl.print %s
    tl.yield %k : i64
  }
  return %y : tensor<?xi64>
}

// A check is one check of all elements, and no loop.
// CHECK-LABEL: @careful
// CHECK-NOT: scf.for
// CHECK: tl.check %{{.*}} ["bad ", "", ""](%{{.*}} : tensor<?xi64>) {{.*}} : tensor<?xi1>
func.func @careful(%n: index) -> tensor<?xi64> {
  %y = tl.map (%i) = [%n] -> tensor<?xi64> {
    %k = arith.index_cast %i : index to i64
    %three = arith.constant 3 : i64
    %ok = tl.compare "lt" %k, %three : i64, i64
    tl.check %ok ["bad ", "", ""] (%k : i64) {kinds = ["i64"], code = "R001"} : i1
    tl.yield %k : i64
  }
  return %y : tensor<?xi64>
}
