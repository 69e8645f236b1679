package store

import (
	"sync/atomic"
	"testing"
	"time"
)

// Whoever asks, on whatever machine: no more are let through than at once may be.
func TestAdmit(t *testing.T) {
	t.Parallel()
	addresses(t, func(t *testing.T, url string) {
		const machines, tries, burst = 3, 6, 5
		var admitted atomic.Int64
		onMachines(t, url, machines, func(s *Store) {
			for range tries {
				ok, err := s.Admit(t.Context(), "tries one", 10*time.Minute, burst) // long, so that none is free again meanwhile
				if err != nil {
					t.Error(err)
				}
				if ok {
					admitted.Add(1)
				}
			}
		})
		if n := admitted.Load(); n != burst {
			t.Errorf("%d of %d tries were let through, want %d", n, machines*tries, burst)
		}
		s, err := open(t, url)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range []struct {
			s    *Store
			name string
		}{{s, "tries two"}, {s, "mails one"}, {s.Of("skogsby"), "tries one"}} {
			if ok, err := other.s.Admit(t.Context(), other.name, time.Minute, 1); !ok || err != nil {
				t.Errorf("%s of another: %v, %v", other.name, ok, err)
			}
		}
		left := func() (n int) {
			if err := s.reader.QueryRow("SELECT COUNT(*) FROM limits").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := left(); n != 4 {
			t.Errorf("%d are known, want 4", n)
		}
		// Their time passes; and a clock was set back after one of them.
		if _, err := s.writer.Exec("UPDATE limits SET free = CASE name WHEN 'tries two' THEN 4102444800000 ELSE 1 END"); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.Admit(t.Context(), "tries one", time.Minute, 1); !ok || err != nil {
			t.Errorf("when its time has passed: %v, %v", ok, err)
		}
		if n := left(); n != 1 {
			t.Errorf("%d are known when all is over, want 1", n)
		}
	})
}
