module utkik

go 1.26
