package match

import "utkik/internal/call"

// Reached gives how many profiles the first step of matching finds anything for: the yes or no that other programs
// answer, before anything is weighed.
func (s *Set) Reached(c *call.Call) int {
	w := s.work()
	s.find(w, c)
	s.listen(w, c)
	s.list(w, c, english(c), enough(0))
	w.reach()
	s.works.Put(w)
	return w.chosen.size
}
