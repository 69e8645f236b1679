package store

import (
	"context"
	"time"
)

// Admit tells whether something may be tried once more: burst times at once, and then once in each. Name says what it is and
// who tries. All machines count together, by the database's clock; tries that are refused do not count. What is over is
// forgotten with the next try of anybody.
func (s *Store) Admit(ctx context.Context, name string, each time.Duration, burst int) (bool, error) {
	admitted := false
	err := s.write(ctx, survivesProcess, func(t *txn) error {
		if _, err := t.exec(limitForget); err != nil {
			return err
		}
		n, err := t.exec(limitTake, s.own(name), each.Milliseconds(), (time.Duration(burst-1) * each).Milliseconds())
		admitted = n > 0
		return err
	})
	if err != nil {
		return false, s.fail("counting how often something was tried", nothingSaved, err)
	}
	return admitted, nil
}
