"""The functions that GradBench evaluates, from their definitions, in NumPy. Nothing here is taken from the programs in tl: sums run over
whole arrays, gmm is the product of densities that defines it.

Derivatives are complex steps, imag(f(x + ih)) / h with h = 1e-30: exact but for rounding, as no difference is taken. So all functions take
complex arrays, and compare by real parts."""

import math

import numpy as np

STEP = 1e-30


def derivative(f, x, number):
    """The derivatives of f (an array or a number) by element `number` of the flat array x."""
    moved = x.astype(complex)
    moved[number] += STEP * 1j
    return np.imag(f(moved)) / STEP


def gradient(f, x, numbers):
    return np.array([derivative(f, x, number) for number in numbers])


def lse(x):
    a = x[np.argmax(x.real)]
    return a + np.log(np.sum(np.exp(x - a)))


def llsq(x, n):
    t = -1 + np.arange(n) * 2 / (n - 1)
    return np.sum((np.sign(t) - np.vander(t, len(x), increasing=True) @ x) ** 2) / 2


def kmeans(centroids, points):
    distances = ((points[:, None] - centroids) ** 2).sum(axis=2)
    return np.take_along_axis(distances, distances.real.argmin(axis=1)[:, None], axis=1).sum()


def det(a):
    return np.linalg.det(a)


def triangle(q, l):
    """The lower triangular matrix [d, d] with exp(q) on its diagonal and l below it, column by column."""
    matrix = np.diag(np.exp(q)).astype(np.result_type(q, l))
    columns, rows = np.triu_indices(len(q), 1)
    matrix[rows, columns] = l
    return matrix


def gmm(alpha, mu, q, l, x, gamma, m):
    """The logarithm of the posterior, GradBench's corrected definition: the likelihood of x times a Wishart prior with V = I / gamma^2 and
    d + m + 1 degrees of freedom on each precision Q^T Q."""
    (n, d), k = x.shape, len(alpha)
    freedom = d + m + 1
    terms, prior = [], 0
    for c in range(k):
        big = triangle(q[c], l[c])
        precision = big.T @ big
        log_det = 2 * q[c].sum() # of the triangle: its diagonal is exp(q)
        away = x - mu[c]
        terms.append(alpha[c] - 0.5 * np.einsum("ni,ij,nj->n", away, precision, away) + 0.5 * log_det - 0.5 * d * math.log(2 * math.pi))
        gammas = d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma((freedom - j) / 2) for j in range(d))
        prior += (m / 2 * log_det - gamma ** 2 / 2 * np.trace(precision) - freedom * d / 2 * math.log(2) + freedom * d * math.log(gamma) - gammas)
    terms = np.array(terms)
    top = terms.real.max(axis=0)
    return np.sum(top + np.log(np.exp(terms - top).sum(axis=0))) - n * lse(alpha) + prior


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(main, extra, state, sequence):
    """main is [2 l, 4 b]: of each layer a row of weights and one of biases, for the gates forget, in, out, change. Leading axes of all but
    the sequence are examples."""
    b = sequence.shape[1]
    hidden, cells = list(np.moveaxis(state[..., 0::2, :], -2, 0)), list(np.moveaxis(state[..., 1::2, :], -2, 0))
    gates = main.reshape(*main.shape[:-1], 4, b)
    total = 0
    for now, then in zip(sequence[:-1], sequence[1:]):
        x = now * extra[..., 0, :]
        for i in range(len(hidden)):
            w, u = gates[..., 2 * i, :, :], gates[..., 2 * i + 1, :, :]
            inputs = [x, hidden[i], x, hidden[i]]
            forget, ingate, outgate, change = (v * w[..., g, :] + u[..., g, :] for g, v in enumerate(inputs))
            cells[i] = cells[i] * sigmoid(forget) + sigmoid(ingate) * np.tanh(change)
            hidden[i] = x = sigmoid(outgate) * np.tanh(cells[i])
        y = x * extra[..., 1, :] + extra[..., 2, :]
        total = total + (then * (y - np.log(2 + np.exp(y).sum(axis=-1, keepdims=True)))).sum(axis=-1)
    return -total / (b * (len(sequence) - 1))


def ba(v, feat):
    """The two errors of an observation whose camera, point and weight are the 15 numbers v."""
    rotation, centre, focal, principal, radial, point, weight = np.split(v, [3, 6, 7, 9, 11, 14])
    angle = np.sqrt(np.sum(rotation ** 2))
    a, b, c = rotation / angle
    turn = np.array([[0 * a, -c, b], [c, 0 * b, -a], [-b, a, 0 * c]]) # Rodrigues' formula as matrices
    y = (np.eye(3) + np.sin(angle) * turn + (1 - np.cos(angle)) * turn @ turn) @ (point - centre)
    image = y[:2] / y[2]
    square = np.sum(image ** 2)
    return weight * (focal * (1 + radial[0] * square + radial[1] * square ** 2) * image + principal - feat)
