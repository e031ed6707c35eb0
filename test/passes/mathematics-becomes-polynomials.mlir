// RUN: %tlc-opt %s --expand-math --math-to-calls | FileCheck %s
// No call of libm and no branch: the vectorizer takes it. Rounded operations only; what is written as one multiply-add is one.
// CHECK-NOT: call
// CHECK-LABEL: func.func @exponential
// CHECK: math.fma
// CHECK: arith.shli {{.*}} : i32
// CHECK-NOT: math.exp
func.func @exponential(%x: f32) -> f32 {
  %y = math.exp %x : f32
  return %y : f32
}
// CHECK-LABEL: func.func @logarithm
// CHECK: arith.shrui {{.*}} : i64
// CHECK-COUNT-9: math.fma {{.*}} : f64
// CHECK-NOT: fastmath
func.func @logarithm(%x: f64) -> f64 {
  %y = math.log %x : f64
  return %y : f64
}
// CHECK-LABEL: func.func @sine
// CHECK: call @sin
func.func @sine(%x: f64) -> f64 {
  %y = math.sin %x : f64
  return %y : f64
}
