package account

import "testing"

func TestRoles(t *testing.T) {
	t.Parallel()
	for r := Reader; r <= Admin; r++ {
		if got, err := ParseRole(r.String()); err != nil || got != r {
			t.Errorf("ParseRole(%q) = %v, %v", r.String(), got, err)
		}
		if !(Actor{Role: r}).May(r) || (Actor{Role: r - 1}).May(r) {
			t.Errorf("%v: wrong line drawn", r)
		}
	}
	for _, s := range []string{"", "nobody", "root", "Reader"} {
		if got, err := ParseRole(s); err == nil {
			t.Errorf("ParseRole(%q) = %v", s, got)
		}
	}
	if From(t.Context()).May(Reader) {
		t.Error("somebody unknown may read")
	}
	if a := (Actor{ID: "x", Role: Editor}); From(With(t.Context(), a)) != a {
		t.Error("lost on the way")
	}
}
