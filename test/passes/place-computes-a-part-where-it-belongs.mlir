// RUN: %tlc-opt %s --place --canonicalize | FileCheck %s
// A row that is computed and then inserted is computed in the array itself, unless what it is computed from stands there.
#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: @rows
// CHECK: memref.alloc(
// CHECK-NOT: memref.alloc
// CHECK: scf.for
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK-NOT: memref.copy
// CHECK: return
func.func @rows(%n: index, %x: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %all = tensor.empty(%n, %n) : tensor<?x?xf32>
  %row = tensor.empty(%n) : tensor<?xf32>
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%yi = %all) -> tensor<?x?xf32> {
    %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%row : tensor<?xf32>) {
    ^bb0(%v: f32, %o: f32):
      %z = math.exp %v : f32
      linalg.yield %z : f32
    } -> tensor<?xf32>
    %next = tensor.insert_slice %e into %yi[%i, 0] [1, %n] [1, 1] : tensor<?xf32> into tensor<?x?xf32>
    scf.yield %next : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}

// CHECK-LABEL: @first
// CHECK-COUNT-2: memref.alloc(
// CHECK: math.exp
// CHECK: linalg.yield
// CHECK: linalg.generic
func.func @first(%n: index, %v: f32) -> tensor<?xf32> {
  %all = tensor.empty(%n) : tensor<?xf32>
  %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%all : tensor<?xf32>) {
  ^bb0(%o: f32):
    linalg.yield %v : f32
  } -> tensor<?xf32>
  %c2 = arith.constant 2 : index
  %m = arith.subi %n, %c2 : index
  %last = tensor.extract_slice %x[2] [%m] [1] : tensor<?xf32> to tensor<?xf32>
  %part = tensor.empty(%m) : tensor<?xf32>
  %e = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%last : tensor<?xf32>) outs(%part : tensor<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %z = math.exp %u : f32
    linalg.yield %z : f32
  } -> tensor<?xf32>
  %y = tensor.insert_slice %e into %x[0] [%m] [1] : tensor<?xf32> into tensor<?xf32>
  return %y : tensor<?xf32>
}
