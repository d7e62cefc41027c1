package chatstore.token;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;

/** A user who can log in. */
@Entity
@Table(name = "account")
class Account {
  @Id
  @Column(name = "mem_uuid")
  String id;

  @Column(name = "mem_name", nullable = false, unique = true)
  String name;

  @Column(name = "mem_password", nullable = false)
  String passwordHash;
}
