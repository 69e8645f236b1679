package store

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// Whoever asks for a time, on whatever machine: no two get times that are nearer to each other than the host's pace.
func TestReserve(t *testing.T) {
	t.Parallel()
	addresses(t, func(t *testing.T, url string) {
		const machines, each, delay = 3, 8, time.Minute // long, so that no time passes while they are given out
		var mu sync.Mutex
		var waits []time.Duration
		onMachines(t, url, machines, func(s *Store) {
			for range each {
				w, err := s.Reserve(t.Context(), "example.eu", delay)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				waits = append(waits, w)
				mu.Unlock()
			}
		})
		slices.Sort(waits)
		for i, w := range waits {
			if want := time.Duration(i) * delay; w > want || w < want-20*time.Second {
				t.Errorf("wait %d is %s, want %s", i, w, want)
			}
		}
		s, err := open(t, url)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := s.Reserve(t.Context(), "other.eu", delay); err != nil || w != 0 {
			t.Errorf("another host: %s, %v", w, err)
		}
		// Who is slower keeps its own distance, before and after.
		if w, err := s.Reserve(t.Context(), "other.eu", 3*delay); err != nil || w > 3*delay || w < 3*delay-20*time.Second {
			t.Errorf("a slower source: %s, %v", w, err)
		}
		if err := s.Postpone(t.Context(), "other.eu", 20*delay); err != nil {
			t.Fatal(err)
		}
		if w, err := s.Reserve(t.Context(), "other.eu", delay); err != nil || w > 20*delay || w < 20*delay-20*time.Second {
			t.Errorf("after it asked for patience: %s, %v", w, err)
		}
		// A clock that was set back.
		if _, err := s.writer.Exec("UPDATE hosts SET last = last + 86400000, next = next + 86400000"); err != nil {
			t.Fatal(err)
		}
		if w, err := s.Reserve(t.Context(), "other.eu", delay); err != nil || w > time.Hour+time.Second {
			t.Errorf("after the clock was set back: %s, %v", w, err)
		}
	})
}

func TestRobots(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		const origin = "https://example.eu"
		if _, _, err := s.Robots(t.Context(), origin); !errors.Is(err, ErrNotFound) {
			t.Errorf("of an unknown host: %v", err)
		}
		for n, want := range []string{"", "User-agent: *\nDisallow: /å\n"} {
			if err := s.KeepRobots(t.Context(), origin, want, day(n)); err != nil {
				t.Fatal(err)
			}
			if got, asked, err := s.Robots(t.Context(), origin); err != nil || got != want || !asked.Equal(day(n)) {
				t.Errorf("got %q of %s, %v, want %q of %s", got, asked, err, want, day(n))
			}
		}
	})
}
