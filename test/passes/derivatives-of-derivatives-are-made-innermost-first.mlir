// RUN: %tlc-opt %s -differentiate -lift-maps -simplify | FileCheck %s

// CHECK-NOT: tl.vjp
// CHECK-NOT: tl.map
// CHECK: func.func private @each.pullback.0
func.func @f(%x: f32) -> f32 {
  %s = tl.sin %x : f32
  %y = tl.mul %s, %x : f32, f32
  return %y : f32
}
func.func @each(%x0: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %x = tl.sized %x0[%n] : tensor<?xf32>
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %y = tl.map (%i) = [%n] -> tensor<?xf32> {
    %e = tl.slice %x[%i][%c1] [1] dropped [0] {always} : tensor<?xf32>
    %d = tl.vjp @f(%e) seeds(%one) [0] primals = false : (f32, f32) -> f32
    tl.yield %d : f32
  }
  return %y : tensor<?xf32>
}
func.func @second(%x: tensor<?xf32>, %n: index, %g: tensor<?xf32>) -> tensor<?xf32> {
  %d = tl.vjp @each(%x, %n) seeds(%g) [0] primals = false : (tensor<?xf32>, index, tensor<?xf32>) -> tensor<?xf32>
  return %d : tensor<?xf32>
}
