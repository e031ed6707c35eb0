// RUN: %tlc-opt %s -lift-maps -simplify -cse | FileCheck %s

// CHECK-LABEL: @differences
// CHECK-DAG: %[[A:.*]] = tl.slice %{{.*}}[%c1] [%{{.*}}] [1] dropped [] {here}
// CHECK-DAG: %[[B:.*]] = tl.slice %{{.*}}[%c0] [%{{.*}}] [2] dropped [] {here}
// CHECK: tl.sub %[[A]], %[[B]]
func.func @differences(%x0: tensor<?xf32>, %n: index, %m: index) -> tensor<?xf32> {
  %x = tl.sized %x0[%n] : tensor<?xf32>
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = tl.map (%i) = [%m] -> tensor<?xf32> {
    %j = arith.addi %i, %c1 : index
    %k = arith.muli %i, %c2 : index
    %a = tl.slice %x[%j][%c1] [1] dropped [0] {here} : tensor<?xf32>
    %b = tl.slice %x[%k][%c1] [1] dropped [0] {here} : tensor<?xf32>
    %d = tl.sub %a, %b : f32, f32
    tl.yield %d : f32
  }
  return %y : tensor<?xf32>
}

// CHECK-LABEL: @diagonal
// CHECK: %[[I:.*]] = tl.iota
// CHECK: tl.gather %{{.*}}[%[[I]], %[[I]]] [0, 1] {always}
func.func @diagonal(%x0: tensor<?x?xf32>, %n: index) -> tensor<?xf32> {
  %x = tl.sized %x0[%n, %n] : tensor<?x?xf32>
  %c1 = arith.constant 1 : index
  %y = tl.map (%i) = [%n] -> tensor<?xf32> {
    %a = tl.slice %x[%i, %i][%c1, %c1] [1, 1] dropped [0, 1] {always} : tensor<?x?xf32>
    tl.yield %a : f32
  }
  return %y : tensor<?xf32>
}
