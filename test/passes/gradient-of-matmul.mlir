// RUN: %tlc-opt %s -differentiate -simplify | FileCheck %s

// CHECK-LABEL: func.func private @mm.pullback.0.1
// CHECK-DAG: tl.contract %{{.*}} [0, 2], %{{.*}} [1, 2] to 2
// CHECK-DAG: tl.contract %{{.*}} [2, 1], %{{.*}} [2, 0] to 2
func.func @mm(%a0: tensor<?x?xf32>, %b0: tensor<?x?xf32>, %n: index, %k: index, %m: index) -> tensor<?x?xf32> {
  %a = tl.sized %a0[%n, %k] : tensor<?x?xf32>
  %b = tl.sized %b0[%k, %m] : tensor<?x?xf32>
  %y = tl.contract %a [0, 2], %b [2, 1] to 2 : tensor<?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// The derivative is made once.
// CHECK-LABEL: @twice
// CHECK-COUNT-2: call @mm.pullback.0.1
// CHECK-NOT: pullback
func.func @twice(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %n: index, %k: index, %m: index, %g: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %p, %q = tl.vjp @mm(%a, %b, %n, %k, %m) seeds(%g) [0, 1] primals = false : (tensor<?x?xf32>, tensor<?x?xf32>, index, index, index, tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>)
  %r, %s = tl.vjp @mm(%a, %b, %n, %k, %m) seeds(%g) [0, 1] primals = false : (tensor<?x?xf32>, tensor<?x?xf32>, index, index, index, tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>)
  return %p, %s : tensor<?x?xf32>, tensor<?x?xf32>
}
