// RUN: %tlc-opt %s --simplify | FileCheck %s
// What is put together along one axis in two steps is put together in one, unless the first step is wanted for itself or along another axis.

// CHECK-LABEL: @nested
// CHECK: tl.concat %{{.*}}, %{{.*}}, %{{.*}} 0 : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
// CHECK-NOT: tl.concat
// CHECK-LABEL: @twice
// CHECK-COUNT-2: tl.concat
// CHECK-LABEL: @across
// CHECK-COUNT-2: tl.concat
func.func @nested(%a0: tensor<?x?xf32>, %b0: tensor<?x?xf32>, %n: index, %m: index) -> tensor<?x?xf32> {
  %a = tl.sized %a0 [%n, %m] : tensor<?x?xf32>
  %b = tl.sized %b0 [%n, %m] : tensor<?x?xf32>
  %ab = tl.concat %a, %b 0 : tensor<?x?xf32>, tensor<?x?xf32>
  %y = tl.concat %ab, %a 0 : tensor<?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
func.func @twice(%a0: tensor<?x?xf32>, %b0: tensor<?x?xf32>, %n: index, %m: index) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %a = tl.sized %a0 [%n, %m] : tensor<?x?xf32>
  %b = tl.sized %b0 [%n, %m] : tensor<?x?xf32>
  %ab = tl.concat %a, %b 0 : tensor<?x?xf32>, tensor<?x?xf32>
  %y = tl.concat %ab, %a 0 : tensor<?x?xf32>, tensor<?x?xf32>
  return %y, %ab : tensor<?x?xf32>, tensor<?x?xf32>
}
func.func @across(%a0: tensor<?x?xf32>, %c0: tensor<?x?xf32>, %n: index, %m: index) -> tensor<?x?xf32> {
  %a = tl.sized %a0 [%n, %m] : tensor<?x?xf32>
  %twice = arith.addi %n, %n : index
  %c = tl.sized %c0 [%twice, %m] : tensor<?x?xf32>
  %aa = tl.concat %a, %a 0 : tensor<?x?xf32>, tensor<?x?xf32>
  %y = tl.concat %aa, %c 1 : tensor<?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
