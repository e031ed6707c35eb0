// RUN: %tlc-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @identities
func.func @identities(%x: f32) -> (f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %minus = arith.constant -0.0 : f32
  %one = arith.constant 1.0 : f32
  // x + 0.0 turns -0.0 into 0.0, so it stays.
  // CHECK: %[[SUM:.*]] = tl.add %arg0, %{{.*}}
  // CHECK: return %[[SUM]], %arg0, %arg0
  %a = tl.add %x, %zero : f32, f32
  %b = tl.add %x, %minus : f32, f32
  %c = tl.mul %x, %one : f32, f32
  return %a, %b, %c : f32, f32, f32
}

// CHECK-LABEL: @integers
func.func @integers() -> (i64, i64, i64) {
  // CHECK-DAG: %[[A:.*]] = arith.constant -4
  // CHECK-DAG: %[[B:.*]] = arith.constant 1
  // CHECK-DAG: %[[C:.*]] = arith.constant 0
  // CHECK: return %[[A]], %[[B]], %[[C]]
  %x = arith.constant -7 : i64
  %two = arith.constant 2 : i64
  %none = arith.constant 0 : i64
  %q = tl.floordiv %x, %two : i64, i64
  %r = tl.mod %x, %two : i64, i64
  %z = tl.floordiv %x, %none : i64, i64
  return %q, %r, %z : i64, i64, i64
}

// CHECK-LABEL: @moved
func.func @moved(%x0: tensor<?x?xf32>, %n: index, %m: index) -> tensor<?xf32> {
  // CHECK: %[[X:.*]] = tl.sized
  // CHECK: tl.slice %[[X]][%{{.*}}, %{{.*}}] [%{{.*}}, %{{.*}}] [1, 2] dropped [0]
  // CHECK-NOT: tl.transpose
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tl.sized %x0[%n, %m] : tensor<?x?xf32>
  %t = tl.transpose %x [1, 0] : tensor<?x?xf32>
  %u = tl.transpose %t [1, 0] : tensor<?x?xf32>
  %r = tl.slice %u[%c1, %c0][%c1, %m] [1, 1] dropped [0] : tensor<?x?xf32>
  %s = tl.slice %r[%c0][%c1] [2] dropped [] : tensor<?xf32>
  return %s : tensor<?xf32>
}
