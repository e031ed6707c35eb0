// RUN: %tlc-opt %s -split-input-file -verify-diagnostics

func.func @sizes(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{has an operand whose sizes are not known}}
  %y = tl.exp %x : tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----
func.func @axes(%x: tensor<4x5xf32>) -> f32 {
  // expected-error @+1 {{has axes that are not ascending below 2}}
  %y = tl.reduce_sum %x [1, 0] : tensor<4x5xf32>
  return %y : f32
}

// -----
func.func @labels(%x: tensor<4x5xf32>, %z: tensor<5x6xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{sums over label 2, which is not in both operands}}
  %y = tl.contract %x [0, 2], %z [0, 1] to 2 : tensor<4x5xf32>, tensor<5x6xf32>
  return %y : tensor<?x?xf32>
}

// -----
func.func @dropped(%x: tensor<4xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  // expected-error @+1 {{drops axis 0 of size 2}}
  %y = tl.slice %x[%c0][%c2] [1] dropped [0] {always} : tensor<4xf32>
  return %y : f32
}

// -----
func.func @parts(%ok: i1) {
  // expected-error @+1 {{has 0 values and 2 parts, not 1}}
  tl.check %ok ["a", "b"] () {kinds = [], code = "R001"} : i1
  return
}
