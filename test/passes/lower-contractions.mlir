// RUN: %tlc-opt %s --lower-to-linalg --place --lower-contractions | FileCheck %s
// A product of matrices, stored transposed or not, is one call of the kernel; another axis is a loop around it.

// CHECK: func private @tl.contract.f32
// CHECK: math.fma {{.*}} vector<8xf32>
// CHECK-LABEL: func.func @byTransposed
// CHECK-NOT: scf.for
// CHECK: call @tl.contract.f32
func.func @byTransposed(%a0: tensor<?x?xf32>, %n: index) -> tensor<?x?xf32> {
  %a = tl.sized %a0 [%n, %n] : tensor<?x?xf32>
  %y = tl.contract %a [0, 2], %a [1, 2] to 2 : tensor<?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
// CHECK-LABEL: func.func @inBatches
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: call @tl.contract.f32
func.func @inBatches(%a0: tensor<?x?x?xf32>, %n: index) -> tensor<?x?x?xf32> {
  %a = tl.sized %a0 [%n, %n, %n] : tensor<?x?x?xf32>
  %y = tl.contract %a [0, 1, 3], %a [0, 3, 2] to 3 : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
