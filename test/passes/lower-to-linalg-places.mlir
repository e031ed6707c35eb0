// RUN: %tlc-opt %s --lower-to-linalg | FileCheck %s

// CHECK-LABEL: @boxes
// CHECK: tensor.extract_slice %{{.*}}[%{{.*}}, %{{.*}}] [1, %{{.*}}] [1, 2] : tensor<?x?xf32> to tensor<?xf32>
// CHECK: linalg.generic
// CHECK: tensor.extract %
// CHECK: tensor.insert_slice
// CHECK: tensor.insert %
func.func @boxes(%x0: tensor<?x?xf32>, %n: index, %i: index, %s: f32) -> (tensor<?x?xf32>, tensor<?xf32>) {
  %x = tl.sized %x0 [%n, %n] : tensor<?x?xf32>
  %c1 = arith.constant 1 : index
  %row = tl.slice %x [%i, %i] [%c1, %n] [1, 2] dropped [0] {always} : tensor<?x?xf32>
  %back = tl.slice %x [%i, %i] [%c1, %n] [1, -1] dropped [0] {always} : tensor<?x?xf32>
  %y = tl.update %x [%i, %i] [%c1, %n] [1, 1] dropped [0], %row {always} : tensor<?x?xf32>, tensor<?xf32>
  %z = tl.update %y [%i, %i] [%c1, %c1] [1, 1] dropped [0, 1], %s {always} : tensor<?x?xf32>, f32
  return %z, %back : tensor<?x?xf32>, tensor<?xf32>
}
// CHECK-LABEL: @guarded
// CHECK: linalg.generic
// CHECK: arith.cmpi ult
// CHECK: scf.if
// CHECK: scf.for
// CHECK: arith.select
// CHECK: tensor.insert
func.func @guarded(%x0: tensor<?xf32>, %k0: tensor<?xi64>, %n: index) -> tensor<?xf32> {
  %x = tl.sized %x0 [%n] : tensor<?xf32>
  %k = tl.sized %k0 [%n] : tensor<?xi64>
  %g = tl.gather %x [%k] [0] {guarded} : tensor<?xf32> [tensor<?xi64>]
  %y = tl.scatter_add %x [%k] [0], %g {guarded} : tensor<?xf32> [tensor<?xi64>] tensor<?xf32>
  return %y : tensor<?xf32>
}
