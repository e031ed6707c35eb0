// RUN: %tlc-opt %s --lower-to-linalg | FileCheck %s
// Columns innermost, fma. A factor of integers that ends with the summed axis is transposed if it is used again and again; floats have a kernel.

// CHECK-LABEL: @product
// CHECK-COUNT-1: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} outs
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]
// CHECK: math.fma %in, %in_{{.*}}, %out : f32
func.func @product(%a0: tensor<?x?xf32>, %b0: tensor<?x?xf32>, %n: index) -> tensor<?x?xf32> {
  %a = tl.sized %a0 [%n, %n] : tensor<?x?xf32>
  %b = tl.sized %b0 [%n, %n] : tensor<?x?xf32>
  %y = tl.contract %a [0, 2], %b [2, 1] to 2 : tensor<?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
// CHECK-LABEL: @byTransposed
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]
func.func @byTransposed(%a0: tensor<?x?xi32>, %n: index) -> tensor<?x?xi32> {
  %a = tl.sized %a0 [%n, %n] : tensor<?x?xi32>
  %y = tl.contract %a [0, 2], %a [1, 2] to 2 : tensor<?x?xi32>, tensor<?x?xi32>
  return %y : tensor<?x?xi32>
}
// CHECK-LABEL: @byVector
// CHECK-NOT: ins
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins
func.func @byVector(%a0: tensor<?x?xf32>, %x0: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %a = tl.sized %a0 [%n, %n] : tensor<?x?xf32>
  %x = tl.sized %x0 [%n] : tensor<?xf32>
  %y = tl.contract %a [0, 1], %x [1] to 1 : tensor<?x?xf32>, tensor<?xf32>
  return %y : tensor<?xf32>
}
