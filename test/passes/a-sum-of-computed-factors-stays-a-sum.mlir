// RUN: %tlc-opt %s -simplify | FileCheck %s

// A contraction would store the differences, as large as the whole product.
// CHECK-LABEL: @squares
// CHECK-NOT: tl.contract
// CHECK: tl.reduce_sum
func.func @squares(%x0: tensor<?x?xf32>, %n: index, %k: index) -> tensor<?x?xf32> {
  %x = tl.sized %x0[%n, %k] : tensor<?x?xf32>
  %a = tl.broadcast %x to [%n, %n, %k] [0, 2] : tensor<?x?xf32>
  %b = tl.broadcast %x to [%n, %n, %k] [1, 2] : tensor<?x?xf32>
  %d = tl.sub %a, %b : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  %q = tl.mul %d, %d : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  %s = tl.reduce_sum %q [2] : tensor<?x?x?xf32>
  return %s : tensor<?x?xf32>
}
