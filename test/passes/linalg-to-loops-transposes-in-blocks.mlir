// RUN: %tlc-opt %s --linalg-to-loops | FileCheck %s
// What only moves elements, from lines along one loop to lines along another, moves square blocks: lines are read, turned in registers and
// written; the last block of a line ends where the line does. What computes does not, nor what has too few columns for a block.
#to = affine_map<(i, j) -> (i, j)>
#from = affine_map<(i, j) -> (j, i)>

// CHECK-LABEL: @transpose
// CHECK: arith.subi %{{.*}}, %c4
// CHECK: %[[LAST:.*]] = arith.subi %{{.*}}, %c4
// CHECK: scf.for
// CHECK: scf.for %[[J:.*]] = {{.*}} step %c4
// CHECK-NEXT: arith.minui %[[J]], %[[LAST]]
// CHECK-COUNT-4: vector.load
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store
func.func @transpose(%x: memref<?x?xf64>, %y: memref<?x?xf64>) {
  linalg.generic {indexing_maps = [#from, #to], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x?xf64>) outs(%y : memref<?x?xf64>) {
  ^bb0(%a: f64, %o: f64):
    linalg.yield %a : f64
  }
  return
}
// CHECK-LABEL: @computes
// CHECK-NOT: vector
func.func @computes(%x: memref<?x?xf64>, %y: memref<?x?xf64>) {
  linalg.generic {indexing_maps = [#from, #to], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x?xf64>) outs(%y : memref<?x?xf64>) {
  ^bb0(%a: f64, %o: f64):
    %b = math.exp %a : f64
    linalg.yield %b : f64
  }
  return
}
// CHECK-LABEL: @narrow
// CHECK-NOT: vector
func.func @narrow(%x: memref<?x3xf64>, %y: memref<3x?xf64>) {
  linalg.generic {indexing_maps = [#from, #to], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x3xf64>) outs(%y : memref<3x?xf64>) {
  ^bb0(%a: f64, %o: f64):
    linalg.yield %a : f64
  }
  return
}
