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
// # The sandbox of the tests
//
// As root, [Main] runs the test binary once more in a new mount namespace, with its own mount of
// hugetlbfs ([HugeDir]) and its own runtime directory. Other DPDK processes of the machine do not see
// the tests, and all files of the tests disappear with the namespace. Hugepages must be reserved;
// Main reserves none. Without root the tests have only their own runtime directory, and
// hugepages if the user can write to /dev/hugepages.
//
// Without hugepages EAL starts in ordinary memory, which no other process can share. Tests that
// need hugepages call [NeedHugepages], which skips them. If the environment variable [Require] is
// set, such tests fail, and Main fails too. Set it in CI, where skipped tests go unnoticed.
//
// # Other processes
//
// A [Role] is a function that [Start] runs in another process. The two exchange lines:
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
