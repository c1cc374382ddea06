// Package ealtest helps tests of programs that use DPDK: it starts EAL for a test binary,
// skips or fails without hugepages, runs the test binary again as another process of the
// same group, and checks that nothing is left.
//
//	func TestMain(m *testing.M) { ealtest.Main(m, ealtest.Options{}) }
//
//	func TestQuotes(t *testing.T) {
//		r, err := ring.Create[quote]("quotes", 1024, ring.Config{}) // EAL runs
//		…
//	}
//
// # What the tests run in
//
// As root, Main runs the test binary once more in a mount namespace of its own, with its own
// mount of hugetlbfs (HugeDir) and its own runtime directory: other DPDK processes of the
// machine do not see the tests, and all files of the tests go with the namespace. Hugepages
// must be reserved; Main reserves none. Without root there is the runtime directory only, and
// hugepages if the user may write to /dev/hugepages.
//
// Where there are no hugepages, EAL starts in ordinary memory, with which no other process
// can work: tests that need hugepages call NeedHugepages, which skips them. With the
// environment variable of Require such tests fail, and Main does: set it in CI, where a
// skipped test is one that nobody misses.
//
// # Other processes
//
// A Role is a function that Start runs in another process. The two talk by lines:
//
//	var _ = ealtest.Role("worker", func(args []string) error {
//		rt, err := eal.Init(ealtest.Secondary(args[0], 1))
//		if err != nil {
//			return err
//		}
//		defer rt.Close()
//		ealtest.Say("ready")
//		…
//	})
//
//	func TestWorker(t *testing.T) {
//		ealtest.NeedHugepages(t)
//		p := ealtest.Start(t, "worker", ealtest.Runtime().FilePrefix())
//		p.Expect("ready")
//		p.Wait() // exit status 0
//	}
package ealtest
