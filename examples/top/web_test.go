//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/godpdk/godpdk/dpdk/ealtest"
)

// browser starts a headless Chromium, and returns the context for its commands.
func browser(t *testing.T) context.Context {
	var path string
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv(ealtest.Require) != "" {
			t.Fatal("no Chromium: make test-top installs it (Debian's chromium-headless-shell)")
		}
		t.Skip("no Chromium: make test-top installs it (Debian's chromium-headless-shell)")
	}
	// As root, Chromium's sandbox does not start.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 1000),
		chromedp.WSURLReadTimeout(60*time.Second), chromedp.Flag("disable-dev-shm-usage", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel2 := chromedp.NewContext(ctx)
	t.Cleanup(cancel2)
	ctx, cancel3 := context.WithTimeout(ctx, 3*time.Minute) // the commands of the browser have none
	t.Cleanup(cancel3)
	return ctx
}

// serves serves the page of a watch, and returns its address.
func serves(t *testing.T, w *watch, interval time.Duration) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- serve(ctx, l, w, interval) }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-ended) })
	return "http://" + l.Addr().String() + "/"
}

// cell is JavaScript for the text in a column of the first row of a table.
func cell(table, column string) string {
	return `(() => {
		const heads = [...document.querySelectorAll("#` + table + ` th")].map(e => e.textContent);
		const row = document.querySelector("#` + table + ` tbody tr");
		return row && row.children[heads.indexOf("` + column + `")].textContent;
	})()`
}

// inks is JavaScript for the number of pixels of a plot that have the colour of RX.
const inks = `(() => {
	const c = document.querySelector("#plot-ports canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	let n = 0;
	for (let i = 0; i < d.length; i += 4) n += d[i] < 110 && d[i+1] > 140 && d[i+2] > 200 && d[i+3] > 200;
	return n;
})()`

// waits waits until JavaScript is true.
func waits(ctx context.Context, js string) error {
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(100*time.Second)))
	return err
}

func TestPageShowsCountsAndPlotsThem(t *testing.T) {
	ealtest.NeedHugepages(t)
	w := watching(t, "goes")
	w.prefixes = []string{"goes"}
	url := serves(t, w, 200*time.Millisecond)
	ctx := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)))
	require.NoError(t, waits(ctx, `document.getElementById("page").textContent.includes("No DPDK process runs.")`), "before any target")
	p := startTarget(t, "goes", 10)
	require.NoError(t, chromedp.Do(ctx, chromedp.WaitVisible("#ports tbody tr"), chromedp.WaitVisible("#rings tbody tr")))
	shows := func(table, column, want string) {
		t.Helper()
		if err := waits(ctx, cell(table, column)+` === "`+want+`"`); err != nil {
			got, _ := chromedp.Run(ctx, chromedp.Evaluate[string](cell(table, column)+` ?? "nothing"`))
			require.NoError(t, err, "%s of %s: %s and not %s", column, table, got, want)
		}
	}
	shows("ports", "RX", "10")
	shows("pools", "in use", "10")
	shows("processes", "state", "running")
	sends(p, 100)
	shows("ports", "RX", "110")
	shows("ports", "TX", "110")
	shows("queues", "RX", "110")
	shows("pools", "in use", "110")
	require.NoError(t, waits(ctx, inks+" > 100"))

	p.Kill()
	shows("processes", "state", "dead")
	shows("ports", "RX", "110") // of the last answer
	shows("ports", "RX/s", "–")

	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	assert.Greater(t, len(shot), 10_000)
}

// With GODPDK_SCREENSHOT=FILE this test also writes the picture of README.md, after a minute of traffic.
func TestPageOfABusyPrimaryHasAllPlots(t *testing.T) {
	ealtest.NeedHugepages(t)
	file, rounds := os.Getenv("GODPDK_SCREENSHOT"), 3
	if file != "" {
		rounds = 70
	}
	p := ealtest.Start(t, "busy", "router")
	p.Expect("ready")
	ctx := browser(t)
	w := watching(t, "router")
	w.prefixes = []string{"router"}
	url := serves(t, w, time.Second)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1200, 1130), chromedp.Navigate(url)))
	for _, plot := range []string{"ports", "rings", "pools", "lcores"} {
		require.NoError(t, chromedp.Do(ctx, chromedp.WaitVisible("#plot-"+plot+" canvas")))
	}
	require.NoError(t, waits(ctx, fmt.Sprintf("history.length >= %d", rounds)), "a snapshot a second")
	assert.NoError(t, waits(ctx, `history.at(-1).targets[0].ports[0].rxPackets.rate > 1000`))
	if file != "" {
		shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, reduced(t, shot), 0o644))
	}
	p.Wait()
}

// reduced returns the picture with its 256 most frequent colours, which takes a third of the bytes.
func reduced(t *testing.T, shot []byte) []byte {
	full, err := png.Decode(bytes.NewReader(shot))
	require.NoError(t, err)
	size := full.Bounds()
	count := map[color.Color]int{}
	for y := range size.Dy() {
		for x := range size.Dx() {
			count[full.At(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	small := image.NewPaletted(size, colors[:min(len(colors), 256)])
	for y := range size.Dy() {
		for x := range size.Dx() {
			small.Set(x, y, full.At(x, y))
		}
	}
	var out bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small))
	return out.Bytes()
}
