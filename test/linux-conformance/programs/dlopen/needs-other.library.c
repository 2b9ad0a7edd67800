// Wants a symbol that nobody defines: loading it with RTLD_NOW fails.
extern int nobody_has_this(void);
int needs(void) { return nobody_has_this(); }
