// RUN: %tlc-opt %s --lower-to-linalg | FileCheck %s
// Loops stand in the order of the axes; no flag lets anyone reorder a sum.

// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-NOT: fastmath
// CHECK: indexing_maps = [{{.*}}, #[[ROWS]]], iterator_types = ["parallel", "reduction"]
// CHECK: arith.addf %out, %in : f32
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: indexing_maps = [{{.*}}, #[[COLUMNS]]], iterator_types = ["reduction", "parallel"]
// CHECK: arith.maximumf
// CHECK: tensor.empty() : tensor<f32>
// CHECK: iterator_types = ["reduction", "reduction"]
// CHECK: tensor.extract %{{.*}}[] : tensor<f32>
func.func @sums(%x0: tensor<?x?xf32>, %n: index, %m: index) -> (tensor<?xf32>, tensor<?xf32>, f32) {
  %x = tl.sized %x0 [%n, %m] : tensor<?x?xf32>
  %rows = tl.reduce_sum %x [1] : tensor<?x?xf32>
  %columns = tl.reduce_max %x [0] : tensor<?x?xf32>
  %all = tl.reduce_sum %x [0, 1] : tensor<?x?xf32>
  return %rows, %columns, %all : tensor<?xf32>, tensor<?xf32>, f32
}
