// RUN: %tlc-opt %s --forward-parts --canonicalize | FileCheck %s
// The parts of an array that becomes a part of another one are put into that at once; who reads one of them again reads it there.

// CHECK-LABEL: @inside
// CHECK-SAME: %[[A:.*]]: tensor<?x2xf64>, %[[B:.*]]: tensor<?xf64>
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[A]] into %{{.*}}[0, 4] [%{{.*}}, 2] [1, 1] : tensor<?x2xf64> into tensor<?x7xf64>
// CHECK: %[[BOTH:.*]] = tensor.insert_slice %[[B]] into %[[FIRST]][0, 6] [%{{.*}}, 1] [1, 1] : tensor<?xf64> into tensor<?x7xf64>
// CHECK: %[[READ:.*]] = tensor.extract_slice %[[BOTH]][0, 5] [%{{.*}}, 2] [1, 1] : tensor<?x7xf64> to tensor<?x2xf64>
// CHECK: return %[[BOTH]], %[[READ]]
func.func @inside(%a: tensor<?x2xf64>, %b: tensor<?xf64>, %n: index) -> (tensor<?x7xf64>, tensor<?x2xf64>) {
  %small = tensor.empty(%n) : tensor<?x3xf64>
  %large = tensor.empty(%n) : tensor<?x7xf64>
  %first = tensor.insert_slice %a into %small[0, 0] [%n, 2] [1, 1] : tensor<?x2xf64> into tensor<?x3xf64>
  %both = tensor.insert_slice %b into %first[0, 2] [%n, 1] [1, 1] : tensor<?xf64> into tensor<?x3xf64>
  %read = tensor.extract_slice %both[0, 1] [%n, 2] [1, 1] : tensor<?x3xf64> to tensor<?x2xf64>
  %y = tensor.insert_slice %both into %large[0, 4] [%n, 3] [1, 1] : tensor<?x3xf64> into tensor<?x7xf64>
  return %y, %read : tensor<?x7xf64>, tensor<?x2xf64>
}
