// RUN: %tlc-opt %s -lift-maps -simplify -cse | FileCheck %s

// CHECK-LABEL: @mm
// CHECK: %[[A:.*]] = tl.sized %arg0
// CHECK: %[[B:.*]] = tl.sized %arg1
// CHECK-NEXT: %[[Y:.*]] = tl.contract %[[A]] [0, 2], %[[B]] [2, 1] to 2
// CHECK-NEXT: return %[[Y]]
func.func @mm(%a0: tensor<?x?xf32>, %b0: tensor<?x?xf32>, %n: index, %k: index, %m: index) -> tensor<?x?xf32> {
  %a = tl.sized %a0[%n, %k] : tensor<?x?xf32>
  %b = tl.sized %b0[%k, %m] : tensor<?x?xf32>
  %one = arith.constant 1 : index
  %y = tl.map (%i, %j) = [%n, %m] -> tensor<?x?xf32> {
    %p = tl.map (%l) = [%k] -> tensor<?xf32> {
      %x = tl.slice %a[%i, %l][%one, %one] [1, 1] dropped [0, 1] {always} : tensor<?x?xf32>
      %z = tl.slice %b[%l, %j][%one, %one] [1, 1] dropped [0, 1] {always} : tensor<?x?xf32>
      %xz = tl.mul %x, %z : f32, f32
      tl.yield %xz : f32
    }
    %s = tl.reduce_sum %p [0] : tensor<?xf32>
    tl.yield %s : f32
  }
  return %y : tensor<?x?xf32>
}
