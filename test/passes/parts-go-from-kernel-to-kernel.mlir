// RUN: %tlc-opt %s --forward-parts --cse --canonicalize | FileCheck %s
// What is put into a part of an array, read again and replaced goes straight to who reads it; a part of zeros is zero; and of zeros that
// get other parts at once only the rest is written.

// CHECK-LABEL: @add_twice
// CHECK-SAME: %[[A:.*]]: tensor<?x2xf64>, %[[B:.*]]: tensor<?x2xf64>
// CHECK: %[[REST:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x3xf64>)
// CHECK: %[[WHOLE:.*]] = tensor.insert_slice %[[REST]] into %{{.*}}[0, 2]
// CHECK: %[[ZERO:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x2xf64>)
// CHECK: %[[ONCE:.*]] = linalg.add ins(%[[ZERO]], %[[A]] :
// CHECK: %[[TWICE:.*]] = linalg.add ins(%[[ONCE]], %[[B]] :
// CHECK: %[[BOTH:.*]] = tensor.insert_slice %[[TWICE]] into %[[WHOLE]][0, 0]
// CHECK-NEXT: return %[[BOTH]]
func.func @add_twice(%a: tensor<?x2xf64>, %b: tensor<?x2xf64>, %n: index) -> tensor<?x5xf64> {
  %zero = arith.constant 0.0 : f64
  %empty = tensor.empty(%n) : tensor<?x5xf64>
  %small = tensor.empty(%n) : tensor<?x2xf64>
  %zeros = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%empty : tensor<?x5xf64>) {
  ^bb0(%o: f64):
    linalg.yield %zero : f64
  } -> tensor<?x5xf64>
  %p = tensor.extract_slice %zeros[0, 0] [%n, 2] [1, 1] : tensor<?x5xf64> to tensor<?x2xf64>
  %once = linalg.add ins(%p, %a : tensor<?x2xf64>, tensor<?x2xf64>) outs(%small : tensor<?x2xf64>) -> tensor<?x2xf64>
  %with = tensor.insert_slice %once into %zeros[0, 0] [%n, 2] [1, 1] : tensor<?x2xf64> into tensor<?x5xf64>
  %q = tensor.extract_slice %with[0, 0] [%n, 2] [1, 1] : tensor<?x5xf64> to tensor<?x2xf64>
  %twice = linalg.add ins(%q, %b : tensor<?x2xf64>, tensor<?x2xf64>) outs(%small : tensor<?x2xf64>) -> tensor<?x2xf64>
  %both = tensor.insert_slice %twice into %with[0, 0] [%n, 2] [1, 1] : tensor<?x2xf64> into tensor<?x5xf64>
  return %both : tensor<?x5xf64>
}
