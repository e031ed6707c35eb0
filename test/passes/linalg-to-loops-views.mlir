// RUN: %tlc-opt %s --pass-pipeline='builtin.module(func.func(linalg-to-loops))' | FileCheck %s

// CHECK: memref.extract_strided_metadata
// CHECK: %[[ROW:.*]] = arith.muli
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%arg1, %arg2], strides: [%{{.*}}, 1] : memref<f32> to memref<?x?xf32>
func.func @view(%x: memref<?xf32>, %n: index, %m: index) -> memref<?x?xf32> {
  %y = memref.expand_shape %x [[0, 1]] output_shape [%n, %m] : memref<?xf32> into memref<?x?xf32>
  return %y : memref<?x?xf32>
}
