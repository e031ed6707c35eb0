// RUN: %tlc-opt %s -differentiate -simplify -cse | FileCheck %s

// CHECK-LABEL: func.func private @product.pullback.0
// CHECK: %[[KEPT:.*]] = tl.empty
// CHECK: scf.for {{.*}} -> (f32, tensor<?xf32>)
// CHECK: tl.update
// CHECK: scf.for
// CHECK: tl.update
func.func @product(%x0: tensor<?xf32>, %n: index) -> f32 {
  %x = tl.sized %x0[%n] : tensor<?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %one) -> f32 {
    %e = tl.slice %x[%i][%c1] [1] dropped [0] {here} : tensor<?xf32>
    %p = tl.mul %s, %e : f32, f32
    scf.yield %p : f32
  }
  return %r : f32
}

// The state of a sum is of no use to its derivative.
// CHECK-LABEL: func.func private @sum.pullback.0
// CHECK-NOT: tl.empty
// CHECK: return
func.func @sum(%x0: tensor<?xf32>, %n: index) -> f32 {
  %x = tl.sized %x0[%n] : tensor<?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> f32 {
    %e = tl.slice %x[%i][%c1] [1] dropped [0] {here} : tensor<?xf32>
    %p = tl.add %s, %e : f32, f32
    scf.yield %p : f32
  }
  return %r : f32
}

func.func @ask(%x: tensor<?xf32>, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %one = arith.constant 1.0 : f32
  %a = tl.vjp @product(%x, %n) seeds(%one) [0] primals = false : (tensor<?xf32>, index, f32) -> tensor<?xf32>
  %b = tl.vjp @sum(%x, %n) seeds(%one) [0] primals = false : (tensor<?xf32>, index, f32) -> tensor<?xf32>
  return %a, %b : tensor<?xf32>, tensor<?xf32>
}
