// RUN: %tlc-opt %s -differentiate -simplify -cse | FileCheck %s

// The contribution is chosen after it was divided by the root, which is 0 where the branch is not taken.
// CHECK-LABEL: func.func private @root.pullback.0
// CHECK: %[[C:.*]] = tl.compare "lt"
// CHECK: %[[D:.*]] = tl.div
// CHECK: tl.select %[[C]], %[[D]]
func.func @root(%x0: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %x = tl.sized %x0[%n] : tensor<?xf32>
  %zero = arith.constant 0.0 : f32
  %c = tl.compare "lt" %zero, %x : f32, tensor<?xf32>
  %r = tl.sqrt %x : tensor<?xf32>
  %y = tl.select %c, %r, %zero : tensor<?xi1>, tensor<?xf32>, f32
  return %y : tensor<?xf32>
}

// Without a choice nothing is chosen.
// CHECK-LABEL: func.func private @plain.pullback.0
// CHECK-NOT: tl.select
// CHECK: return
func.func @plain(%x: f32) -> f32 {
  %r = tl.sqrt %x : f32
  return %r : f32
}

func.func @ask(%x: tensor<?xf32>, %s: f32, %n: index, %g: tensor<?xf32>) -> (tensor<?xf32>, f32) {
  %one = arith.constant 1.0 : f32
  %dx = tl.vjp @root(%x, %n) seeds(%g) [0] primals = false : (tensor<?xf32>, index, tensor<?xf32>) -> tensor<?xf32>
  %ds = tl.vjp @plain(%s) seeds(%one) [0] primals = false : (f32, f32) -> f32
  return %dx, %ds : tensor<?xf32>, f32
}
