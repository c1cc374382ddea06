//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/godpdk/godpdk/examples/top/sample"
	"github.com/godpdk/godpdk/examples/top/view"
)

// screen is the terminal's view: one target at a time.
type screen struct {
	dirs          []string
	style         view.Style
	last          sample.Snapshot
	selected      string // path and name of the target on the screen
	first         int    // line of it at the top
	paused        bool
	width, height int
}

// show runs the view until the user ends it or the context ends.
func show(ctx context.Context, w *watch, interval time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	p := tea.NewProgram(&screen{dirs: w.dirs, style: colors()}, tea.WithContext(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.run(ctx, interval, func(s sample.Snapshot) { p.Send(s) })
	}()
	_, err := p.Run()
	stopped := ctx.Err() != nil
	cancel()
	<-ended
	if stopped && errors.Is(err, tea.ErrProgramKilled) { // by a signal
		return nil
	}
	return err
}

func colors() view.Style {
	paint := func(color string) func(...string) string {
		return lipgloss.NewStyle().Foreground(lipgloss.Color(color)).Render
	}
	return view.Style{
		Title: lipgloss.NewStyle().Bold(true).Render, Dim: paint("8"), Good: paint("2"), Warn: paint("3"), Bad: paint("1"), Bar: paint("6"),
	}
}

func (s *screen) Init() tea.Cmd { return nil }

func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case sample.Snapshot:
		if !s.paused {
			s.last = msg
		}
	case tea.WindowSizeMsg:
		s.width, s.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		page := max(s.height-4, 1)
		switch msg.String() {
		case "q", "esc", "ctrl+c":
			return s, tea.Quit
		case "tab", "right", "l":
			s.move(1)
		case "shift+tab", "left", "h":
			s.move(-1)
		case "down", "j":
			s.first++
		case "up", "k":
			s.first--
		case "pgdown", "space":
			s.first += page
		case "pgup":
			s.first -= page
		case "home":
			s.first = 0
		case "p":
			s.paused = !s.paused
		}
	}
	return s, nil
}

// move selects another target.
func (s *screen) move(by int) {
	n := len(s.last.Targets)
	if n > 0 {
		t := s.last.Targets[(s.index()+by+n)%n]
		s.selected, s.first = t.Path+t.Name, 0
	}
}

// index returns the number of the selected target, 0 if it has gone.
func (s *screen) index() int {
	for i, t := range s.last.Targets {
		if t.Path+t.Name == s.selected {
			return i
		}
	}
	return 0
}

func (s *screen) View() tea.View {
	v := tea.NewView(strings.Join(s.lines(), "\n"))
	v.AltScreen, v.WindowTitle = true, "top of DPDK"
	return v
}

// lines returns the lines that fit on the screen.
func (s *screen) lines() []string {
	clock := "…"
	if !s.last.Time.IsZero() {
		clock = s.last.Time.Format(time.TimeOnly)
	}
	if s.paused {
		clock += " paused"
	}
	head := []string{s.tabs() + "  " + s.style.Dim(clock), ""}
	body := []string{}
	for _, n := range s.last.Notes {
		body = append(body, s.style.Warn(view.Line(n)))
	}
	switch {
	case len(s.last.Targets) > 0:
		body = append(body, view.Target(&s.last.Targets[s.index()], s.style)...)
	case !s.last.Time.IsZero():
		body = append(body, view.Empty(s.dirs))
	}
	room := max(s.height-len(head)-1, 1)
	s.first = max(min(s.first, len(body)-room), 0)
	end := min(s.first+room, len(body))
	foot := "q quit · tab next primary · ↑↓ scroll · p pause"
	if len(body) > room {
		foot += fmt.Sprintf(" · lines %d–%d of %d", s.first+1, end, len(body))
	}
	lines := append(head, body[s.first:end]...)
	for len(lines) < s.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, s.style.Dim(foot))
	cut := lipgloss.NewStyle().MaxWidth(max(s.width, 1))
	for i := range lines {
		lines[i] = cut.Render(lines[i])
	}
	return lines
}

// tabs names all targets, the selected one in reverse.
func (s *screen) tabs() string {
	all := []string{s.style.Title("DPDK")}
	for i, t := range s.last.Targets {
		name := " " + view.Line(t.Name) + " "
		if i == s.index() {
			name = lipgloss.NewStyle().Reverse(true).Render(name)
		}
		state := sample.Unknown
		if len(t.Processes) > 0 {
			state = t.Processes[0].State
		}
		dot := "●"
		if state == sample.Dead {
			dot = "×"
		}
		all = append(all, strings.ReplaceAll(view.State(state, s.style), string(state), dot)+name)
	}
	return strings.Join(all, " ")
}
