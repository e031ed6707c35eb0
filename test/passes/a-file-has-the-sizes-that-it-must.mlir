// A file of other sizes than the program says ends it, so whatever is loaded has those: constants stay constants, and two arrays of one size
// have one size.
// RUN: %tlc-opt %s --lower-to-linalg --canonicalize | FileCheck %s

// CHECK: %[[x:.*]], %[[n:.*]]:2 = tl.load %{{.*}} expect[%{{.*}}, %{{.*}}]
// CHECK: tl.load %{{.*}} expect[%[[n]]#0]
// CHECK: tensor.empty(%[[n]]#0) : tensor<?x3xf64>
// CHECK: tensor.empty(%[[n]]#0) : tensor<?xf64>
func.func @twice(%path: i64) -> (tensor<?x?xf64>, tensor<?xf64>) {
  %any = arith.constant -1 : index
  %three = arith.constant 3 : index
  %x, %n:2 = tl.load %path expect[%any, %three] {kind = "f64", name = "x", rank = 2 : i64} : tensor<?x?xf64>, index, index
  %w, %m = tl.load %path expect[%n#0] {kind = "f64", name = "w", rank = 1 : i64} : tensor<?xf64>, index
  %exp_x = tl.exp %x : tensor<?x?xf64>
  %exp_w = tl.exp %w : tensor<?xf64>
  return %exp_x, %exp_w : tensor<?x?xf64>, tensor<?xf64>
}
