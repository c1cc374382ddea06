package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"unsafe"

	"github.com/godpdk/godpdk/dpdk/hash"
	"github.com/godpdk/godpdk/test/bench/cloop"
	"github.com/godpdk/godpdk/test/twin"
)

// hashes compares the hash functions with those of DPDK, over bulks of keys.
func hashes() (contests []contest, err error) {
	random := rand.NewChaCha8([32]byte{})
	key := make([]byte, 40)
	random.Read(key)
	toeplitz, err := hash.NewToeplitz(key)
	if err != nil {
		return nil, err
	}
	out := make([]uint32, bulk)
	p := unsafe.Pointer(&out[0])
	for _, size := range []int{4, 16, 64} {
		keys := make([]byte, bulk*size)
		random.Read(keys)
		k := unsafe.Pointer(&keys[0])
		each := func(h func([]byte, uint32) uint32) loop {
			return func(iters int) {
				for range iters {
					for i := range out {
						out[i] = h(keys[i*size:][:size], 0)
					}
				}
			}
		}
		throughCgo := func(h func(unsafe.Pointer, int, uint32) uint32) loop {
			return each(func(key []byte, init uint32) uint32 { return h(unsafe.Pointer(&key[0]), size, init) })
		}
		crc := contest{group: "hash", name: fmt.Sprintf("CRC32C, %d bytes", size), burst: bulk,
			c:        func(iters int) { cloop.HashCRC(k, size, p, bulk, iters) },
			goNative: each(hash.CRC32C), cgo: throughCgo(twin.HashCRC)}
		together := crc
		together.name, together.goNative = crc.name+", CRC32CEach", func(iters int) {
			for range iters {
				hash.CRC32CEach(out, keys, size, 0)
			}
		}
		contests = append(contests, crc, together, contest{group: "hash", name: fmt.Sprintf("Jenkins, %d bytes", size), burst: bulk,
			c:        func(iters int) { cloop.HashJenkins(k, size, p, bulk, iters) },
			goNative: each(hash.Jenkins), cgo: throughCgo(twin.Jhash)})
	}
	contests = append(contests, hashesOfNumbers(random, out)...)
	for _, size := range []int{12, 36} { // IPv4 and IPv6 with ports
		tuples := make([]byte, bulk*size)
		random.Read(tuples)
		words, converted := make([]uint32, len(tuples)/4), make([]uint32, len(key)/4)
		for i := range words {
			words[i] = binary.BigEndian.Uint32(tuples[4*i:])
		}
		for i := range converted {
			converted[i] = binary.BigEndian.Uint32(key[4*i:])
		}
		contests = append(contests, contest{group: "hash", name: fmt.Sprintf("Toeplitz, %d bytes", size), burst: bulk,
			c: func(iters int) {
				cloop.HashToeplitz(unsafe.Pointer(&words[0]), size, unsafe.Pointer(&converted[0]), p, bulk, iters)
			},
			goNative: func(iters int) {
				for range iters {
					for i := range out {
						out[i] = toeplitz.Sum(tuples[i*size:][:size])
					}
				}
			}})
	}
	return contests, nil
}

// hashesOfNumbers compares the functions that the compiler inlines, for keys of one size.
func hashesOfNumbers(random *rand.ChaCha8, out []uint32) (contests []contest) {
	p := unsafe.Pointer(&out[0])
	add := func(name string, size int, c func(keys unsafe.Pointer, size int, out unsafe.Pointer, n, iters int), goNative func(keys []byte) loop) {
		keys := make([]byte, bulk*size)
		random.Read(keys)
		contests = append(contests, contest{group: "hash", name: fmt.Sprintf("%s, %d bytes", name, size), burst: bulk,
			c: func(iters int) { c(unsafe.Pointer(&keys[0]), size, p, bulk, iters) }, goNative: goNative(keys)})
	}
	le := binary.LittleEndian
	add("CRC32CUint32", 4, cloop.HashCRC, func(keys []byte) loop {
		return func(iters int) {
			for range iters {
				for i := range out {
					out[i] = hash.CRC32CUint32(le.Uint32(keys[4*i:]), 0)
				}
			}
		}
	})
	add("JenkinsWord", 4, cloop.HashJenkins, func(keys []byte) loop {
		return func(iters int) {
			for range iters {
				for i := range out {
					out[i] = hash.JenkinsWord(0, le.Uint32(keys[4*i:]))
				}
			}
		}
	})
	add("JenkinsThreeWords", 12, cloop.HashJenkins, func(keys []byte) loop {
		return func(iters int) {
			for range iters {
				for i := range out {
					k := keys[12*i:][:12]
					out[i] = hash.JenkinsThreeWords(0, le.Uint32(k), le.Uint32(k[4:]), le.Uint32(k[8:]))
				}
			}
		}
	})
	return contests
}
