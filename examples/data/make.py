#!/usr/bin/python3
# Makes the data sets of this folder from the copies that Debian's python3-sklearn ships; README.md says what they are.
import os
import numpy
from sklearn import datasets

here = os.path.dirname(os.path.abspath(__file__))


def save(name, array):
    numpy.save(os.path.join(here, name), numpy.ascontiguousarray(array))
    print(name, array.dtype, list(array.shape))


digits = datasets.load_digits()
rows = numpy.column_stack([digits.data, digits.target]).astype(numpy.float32)
held_out = numpy.arange(len(rows)) % 5 == 4
save("digits-train.npy", rows[~held_out])
save("digits-test.npy", rows[held_out])

diabetes = datasets.load_diabetes(scaled=True)
save("diabetes.npy", numpy.column_stack([diabetes.data, diabetes.target]).astype(numpy.float64))

iris = datasets.load_iris()
save("iris.npy", numpy.column_stack([iris.data, iris.target]).astype(numpy.float64))
