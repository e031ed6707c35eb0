// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// A column that is computed and then inserted is computed apart, in vectors: to write every n-th element from the kernel takes longer.
#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: @column
// CHECK: memref.alloc(%{{.*}}) : memref<?xf32>
// CHECK: math.exp
// CHECK: memref.alloc(%{{.*}}) : memref<?x?xf32>
// CHECK: linalg.generic
// CHECK: linalg.yield %in
func.func @column(%n: index, %j: index, %x: tensor<?xf32>) -> tensor<?x?xf32> {
  %all = tensor.empty(%n, %n) : tensor<?x?xf32>
  %part = tensor.empty(%n) : tensor<?xf32>
  %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%part : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %y = tensor.insert_slice %e into %all[0, %j] [%n, 1] [1, 1] : tensor<?xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
