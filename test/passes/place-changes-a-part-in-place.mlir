// RUN: %tlc-opt %s --place --canonicalize --cse | FileCheck %s
// A part that is computed from what stands in its place is computed there; one computed from its transpose is not.
#rows = affine_map<(d0, d1) -> (d0, d1)>
#id = affine_map<(d0) -> (d0)>
#turned = affine_map<(d0, d1) -> (d1, d0)>

// CHECK-LABEL: @same
// CHECK: %[[PART:.*]] = memref.reinterpret_cast
// CHECK: linalg.generic {{.*}} ins(%[[PART]] : {{.*}}) outs(%[[PART]] : {{.*}}) {
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @same(%n: index, %m: index, %v: f32) -> tensor<?x?xf32> {
  %empty = tensor.empty(%m, %m) : tensor<?x?xf32>
  %x = linalg.generic {indexing_maps = [#rows], iterator_types = ["parallel", "parallel"]} outs(%empty : tensor<?x?xf32>) {
  ^bb0(%o: f32):
    linalg.yield %v : f32
  } -> tensor<?x?xf32>
  %old = tensor.extract_slice %x[1, 1] [%n, %n] [1, 1] : tensor<?x?xf32> to tensor<?x?xf32>
  %part = tensor.empty(%n, %n) : tensor<?x?xf32>
  %e = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%old : tensor<?x?xf32>) outs(%part : tensor<?x?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?x?xf32>
  %y = tensor.insert_slice %e into %x[1, 1] [%n, %n] [1, 1] : tensor<?x?xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// CHECK-LABEL: @transposed
// CHECK: memref.alloc(
// CHECK: memref.alloc(
// CHECK: math.exp
// CHECK: linalg.generic
func.func @transposed(%n: index, %m: index, %v: f32) -> tensor<?x?xf32> {
  %empty = tensor.empty(%m, %m) : tensor<?x?xf32>
  %x = linalg.generic {indexing_maps = [#rows], iterator_types = ["parallel", "parallel"]} outs(%empty : tensor<?x?xf32>) {
  ^bb0(%o: f32):
    linalg.yield %v : f32
  } -> tensor<?x?xf32>
  %old = tensor.extract_slice %x[1, 1] [%n, %n] [1, 1] : tensor<?x?xf32> to tensor<?x?xf32>
  %part = tensor.empty(%n, %n) : tensor<?x?xf32>
  %e = linalg.generic {indexing_maps = [#turned, #rows], iterator_types = ["parallel", "parallel"]} ins(%old : tensor<?x?xf32>) outs(%part : tensor<?x?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?x?xf32>
  %y = tensor.insert_slice %e into %x[1, 1] [%n, %n] [1, 1] : tensor<?x?xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// The part was copied, since the array seemed to change before: what is computed from the copy goes to the array.
// CHECK-LABEL: @copied
// CHECK: %[[COPY:.*]] = memref.alloc(%arg0) : memref<?xf32>
// CHECK: linalg.generic {{.*}} ins(%[[COPY]] : {{.*}}) outs(%{{.*}} : memref<?xf32, strided<[1], offset: 1>>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.exp
func.func @copied(%n: index, %m: index, %v: f32) -> (tensor<?xf32>, tensor<?xf32>) {
  %empty = tensor.empty(%m) : tensor<?xf32>
  %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%empty : tensor<?xf32>) {
  ^bb0(%o: f32):
    linalg.yield %v : f32
  } -> tensor<?xf32>
  %c0 = arith.constant 0 : index
  %old = tensor.extract_slice %x[1] [%n] [1] : tensor<?xf32> to tensor<?xf32>
  %other = tensor.insert %v into %x[%c0] : tensor<?xf32>
  %part = tensor.empty(%n) : tensor<?xf32>
  %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%old : tensor<?xf32>) outs(%part : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %y = tensor.insert_slice %e into %x[1] [%n] [1] : tensor<?xf32> into tensor<?xf32>
  return %y, %other : tensor<?xf32>, tensor<?xf32>
}
