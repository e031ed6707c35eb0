// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// An update overwrites a value that nobody reads again; an argument, a value read later and one carried twice are copied.

// CHECK-LABEL: @argument
// CHECK: memref.copy %arg0, %[[COPY:.*]] :
// CHECK: memref.store %{{.*}}, %[[COPY]]
// CHECK-NOT: memref.copy
// CHECK: memref.store %{{.*}}, %[[COPY]]
// CHECK: return %[[COPY]]
func.func @argument(%x: tensor<?xf32>, %v: f32, %i: index) -> tensor<?xf32> {
  %a = tensor.insert %v into %x[%i] : tensor<?xf32>
  %b = tensor.insert %v into %a[%i] : tensor<?xf32>
  return %b : tensor<?xf32>
}
// CHECK-LABEL: @readLater
// CHECK: memref.copy %arg0, %[[A:.*]] :
// CHECK: memref.store %{{.*}}, %[[A]]
// CHECK: memref.copy %[[A]], %[[B:.*]] :
// CHECK: memref.store %{{.*}}, %[[B]]
// CHECK: memref.load %[[A]]
func.func @readLater(%x: tensor<?xf32>, %v: f32, %i: index) -> (tensor<?xf32>, f32) {
  %a = tensor.insert %v into %x[%i] : tensor<?xf32>
  %b = tensor.insert %v into %a[%i] : tensor<?xf32>
  %y = tensor.extract %a[%i] : tensor<?xf32>
  return %b, %y : tensor<?xf32>, f32
}
// CHECK-LABEL: @carriedTwice
// CHECK: scf.for
// CHECK-NEXT: memref.store %{{.*}}, %[[A:.*]][
// CHECK-NEXT: memref.copy %[[A]], %[[B:.*]] :
// CHECK-NEXT: }
// CHECK: return %[[A]], %[[B]]
func.func @carriedTwice(%x: tensor<?xf32>, %n: index, %v: f32) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %xs = tl.sized %x [%n] : tensor<?xf32>
  %y:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %xs, %b = %xs) -> (tensor<?xf32>, tensor<?xf32>) {
    %s = tensor.insert %v into %a[%i] : tensor<?xf32>
    scf.yield %s, %s : tensor<?xf32>, tensor<?xf32>
  }
  return %y#0, %y#1 : tensor<?xf32>, tensor<?xf32>
}
