package match

import "utkik/internal/call"

// Reached gives how many profiles the first step of matching finds anything for: the yes or no that other programs
// answer, before anything is weighed.
func (s *Set) Reached(c *call.Call) int {
	w := s.work()
	s.find(w, c)
	s.reach(w, c, english(c))
	n := 0
	for _, b := range w.bound {
		if b > 0 {
			n++
		}
	}
	w.forget()
	s.works.Put(w)
	return n
}
