// RUN: %tlc-opt %s -simplify | FileCheck %s
// `x[i][j] = v` leaves the rest of the row where it is; a field that an update of a record does not change is no update at all.

// CHECK-LABEL: @element
// CHECK-NOT: tl.slice
// CHECK: tl.update %{{.*}}[%{{.*}}, %{{.*}}] [%c1, %c1] [1, 1] dropped [0, 1], %{{.*}} {here}
// CHECK-NEXT: return
func.func @element(%x0: tensor<?x?xf64>, %n: index, %i: index, %j: index, %v: f64) -> tensor<?x?xf64> {
  %x = tl.sized %x0[%n, %n] : tensor<?x?xf64>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %row = tl.slice %x[%i, %c0] [%c1, %n] [1, 1] dropped [0] {here} : tensor<?x?xf64>
  %new = tl.update %row[%j] [%c1] [1] dropped [0], %v {here} : tensor<?xf64>, f64
  %y = tl.update %x[%i, %c0] [%c1, %n] [1, 1] dropped [0], %new {here} : tensor<?x?xf64>, tensor<?xf64>
  return %y : tensor<?x?xf64>
}

// Every second element, from element 3 on, of a slice backwards.
// CHECK-LABEL: @steps
// CHECK: tl.update %{{.*}}[%c6] [%c2] [-2] dropped [], %{{.*}} {here}
func.func @steps(%x0: tensor<?xf64>, %v0: tensor<?xf64>, %n: index) -> tensor<?xf64> {
  %x = tl.sized %x0[%n] : tensor<?xf64>
  %c2 = arith.constant 2 : index
  %v = tl.sized %v0[%c2] : tensor<?xf64>
  %c3 = arith.constant 3 : index
  %c9 = arith.constant 9 : index
  %back = tl.slice %x[%c9] [%c9] [-1] dropped [] {here} : tensor<?xf64>
  %new = tl.update %back[%c3] [%c2] [2] dropped [], %v {here} : tensor<?xf64>, tensor<?xf64>
  %y = tl.update %x[%c9] [%c9] [-1] dropped [], %new {here} : tensor<?xf64>, tensor<?xf64>
  return %y : tensor<?xf64>
}

// CHECK-LABEL: @unchanged
// CHECK: %[[X:.*]] = tl.sized
// CHECK-NEXT: return %[[X]]
func.func @unchanged(%x0: tensor<?xf64>, %n: index, %i: index) -> tensor<?xf64> {
  %x = tl.sized %x0[%n] : tensor<?xf64>
  %c1 = arith.constant 1 : index
  %e = tl.slice %x[%i] [%c1] [1] dropped [0] {here} : tensor<?xf64>
  %y = tl.update %x[%i] [%c1] [1] dropped [0], %e {here} : tensor<?xf64>, f64
  return %y : tensor<?xf64>
}
