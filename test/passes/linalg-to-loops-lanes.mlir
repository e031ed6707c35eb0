// RUN: %tlc-opt %s --pass-pipeline='builtin.module(func.func(linalg-to-loops))' | FileCheck %s
// A row is summed in eight lanes and a rest, in registers.

// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args({{([^,]*, ){7}[^,]*}}) -> (f32, f32, f32, f32, f32, f32, f32, f32)
// CHECK-COUNT-8: arith.addf
// CHECK: scf.for {{.*}} -> (f32)
// CHECK: arith.addf
// CHECK-COUNT-9: arith.addf
// CHECK: memref.store
func.func @rows(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  }
  return
}
